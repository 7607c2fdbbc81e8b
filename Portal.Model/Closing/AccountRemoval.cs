using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Closing;

/// <summary>
/// Asks for the end of everything that an account still has, by the verbs that its owner would use: each resource then goes by its own job.
/// What cannot be asked for yet (a volume that an instance still holds) is asked for in a later round, so this can be run at any time, any
/// number of times. What fails keeps nothing else from going.
/// </summary>
public sealed class AccountRemoval(
    IDbContextFactory<PortalDb> dbs,
    ChangeInstance instances,
    EditInstance edits,
    ChangeVolume volumes,
    BackupSchedules backups,
    ChangeSnapshot snapshots,
    ChangeImage images,
    PublicAddresses addresses,
    DeleteNetwork networks,
    KeyPairs keys,
    AlertRules alerts,
    TimeProvider clock
)
{
    /// <summary>Of each kind in one round, so that a round stays short. Only what is not asked for yet counts.</summary>
    private const int AtOnce = 100;

    /// <summary>One round. What failed in it, for whoever runs it to tell.</summary>
    public async Task<IReadOnlyList<Exception>> RunAsync(Actor actor, CancellationToken ct)
    {
        var round = new Round(dbs, ct);

        // First, so that nothing new comes out of a schedule and nobody is told of what stops now.
        await round.EachAsync(
            db => db.BackupSchedules.Where(schedule => schedule.AccountId == actor.AccountId).Select(schedule => schedule.VolumeId),
            id => backups.TurnOffAsync(actor, id, ct)
        );
        await round.EachAsync(
            db => db.AlertRules.Where(rule => rule.AccountId == actor.AccountId).Select(rule => rule.Id),
            id => alerts.DeleteAsync(actor, id, ct)
        );

        // An account with something protected is not closed; what is protected now became so at that very moment.
        await round.EachAsync(
            db =>
                db.Instances.Where(instance =>
                        instance.AccountId == actor.AccountId && instance.Goal != InstanceGoal.Terminated && instance.IsProtected
                    )
                    .Select(instance => instance.Id),
            id => edits.ProtectAsync(actor, id, isProtected: false, ct)
        );
        await round.EachAsync(
            db =>
                db.Instances.Where(instance =>
                        instance.AccountId == actor.AccountId
                        && instance.Goal != InstanceGoal.Terminated
                        && instance.State != InstanceState.Terminated
                        && !instance.IsProtected
                    )
                    .Select(instance => instance.Id),
            id => instances.RunAsync(actor, InstanceAction.Terminate, id, ct)
        );
        await round.TryAsync(() => RemoveFromStoresAsync(actor, ct));
        await round.EachAsync(
            db =>
                db.PrivateImages.Where(image =>
                        image.AccountId == actor.AccountId && image.Snapshot.State != SnapshotState.Deleted && !image.Snapshot.IsDeleting
                    )
                    .Select(image => image.Id),
            id => images.DeleteAsync(actor, id, ct)
        );
        await round.EachAsync(
            db =>
                db.Snapshots.Where(snapshot =>
                        snapshot.AccountId == actor.AccountId
                        && snapshot.State != SnapshotState.Deleted
                        && !snapshot.IsDeleting
                        && snapshot.PrivateImageId == null
                    )
                    .Select(snapshot => snapshot.Id),
            id => snapshots.DeleteAsync(actor, id, ct)
        );
        await round.EachAsync(
            db =>
                db.Volumes.Where(volume =>
                        volume.AccountId == actor.AccountId
                        && volume.State != VolumeState.Deleted
                        && volume.Goal != VolumeGoal.Deleted
                        && volume.InstanceId == null
                    )
                    .Select(volume => volume.Id),
            id => volumes.DeleteAsync(actor, id, ct)
        );
        await round.EachAsync(
            db =>
                db.PublicAddresses.Where(address => address.AccountId == actor.AccountId && address.ReleasedAt == null)
                    .Select(address => address.Id),
            id => ReleaseAsync(actor, id, ct)
        );
        await round.EachAsync(
            db =>
                db.Networks.Where(network => network.AccountId == actor.AccountId && network.DeletingSince == null)
                    .Select(network => network.Id),
            id => networks.RunAsync(actor, id, withContents: true, ct)
        );
        await round.EachAsync(
            db => db.KeyPairs.Where(key => key.AccountId == actor.AccountId).Select(key => key.Id),
            id => keys.DeleteAsync(actor, id, ct)
        );
        return round.Failures;
    }

    private async Task RemoveFromStoresAsync(Actor actor, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await StoreUsers.RequestRemovalAsync(db, actor, clock.GetUtcNow(), ct);
        await db.SaveChangesAsync(ct);
    }

    private async Task ReleaseAsync(Actor actor, string id, CancellationToken ct)
    {
        await addresses.DisassociateAsync(actor, id, ct);
        await addresses.ReleaseAsync(actor, id, ct);
    }

    private sealed class Round(IDbContextFactory<PortalDb> dbs, CancellationToken ct)
    {
        public List<Exception> Failures { get; } = [];

        public async Task EachAsync(Func<PortalDb, IQueryable<string>> of, Func<string, Task> ask)
        {
            List<string> ids = [];
            await TryAsync(async () =>
            {
                // In no order: a hundred that fail are not all that is ever asked.
                await using var db = await dbs.CreateDbContextAsync(ct);
                ids = await of(db).OrderBy(_ => EF.Functions.Random()).Take(AtOnce).ToListAsync(ct);
            });
            foreach (var id in ids)
            {
                await TryAsync(() => ask(id));
            }
        }

        public async Task TryAsync(Func<Task> ask)
        {
            try
            {
                await ask();
            }
            catch (DbUpdateConcurrencyException)
            {
                // The resource's own job wrote at the same moment; it is asked again in the next round.
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                Failures.Add(error);
            }
        }
    }
}
