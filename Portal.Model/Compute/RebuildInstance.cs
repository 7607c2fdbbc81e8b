using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// Asks that an instance be made anew from an image of the catalogue or of the account's own. What is on its root disk is lost, unless that
/// disk is to outlive the instance: then it stays as a volume, and counts as one more.
/// </summary>
public sealed class RebuildInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <param name="keyPairId">The SSH key that the new disk begins with; null for the one that the instance has.</param>
    public async Task<ResourceChange> RunAsync(Actor actor, string id, string imageId, string? keyPairId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db.Instances.AsNoTracking().FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == id, ct)
            is not { } found
        )
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such instance."));
        }

        var region = await db.LockRegionAsync(found.RegionId, ct);
        var instance = (await db.LockInstancesAsync(actor.AccountId, [id], ct)).Single();
        await db.Entry(instance).Collection(one => one.Volumes).LoadAsync(ct);
        var free = await FreeCapacity.OfAsync(db, region, ct);
        var outcome = await WhyNotPayAsync(db, actor, account, instance, free, ct) is { } refusal
            ? refusal
            : await RequestAsync(db, actor, instance, imageId, keyPairId, ct);
        if (outcome.IsDone)
        {
            await InstanceMeter.RecordAsync(db, instance, clock.GetUtcNow(), ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return new ResourceChange(id, instance.Name, outcome);
    }

    private async Task<Outcome> RequestAsync(
        PortalDb db,
        Actor actor,
        Instance instance,
        string imageId,
        string? keyPairId,
        CancellationToken ct
    )
    {
        var key = keyPairId is null
            ? null
            : await db.KeyPairs.FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == keyPairId, ct);
        if (keyPairId is not null && key is null)
        {
            return Refusal.NotFound(KeyPair.Gone);
        }

        var (now, before) = (clock.GetUtcNow(), new { Image = instance.ImageId, Key = instance.KeyName });
        var outcome =
            await FindOwnAsync(db, actor, imageId, ct) is { } own ? instance.RequestRebuild(own, now)
            : await db.Images.FindAsync([imageId], ct) is { } image ? instance.RequestRebuild(image, now)
            : Refusal.NotFound("There is no such image.");
        if (outcome.IsDone)
        {
            instance.BeginWith(key);
            db.AuditEntries.Add(
                actor.Audit(now, "CreateReplaceRootVolumeTask", instance.Id, before, new { Image = imageId, Key = instance.KeyName })
            );
        }

        return outcome;
    }

    /// <summary>
    /// Its snapshot under its lock: a deletion that comes before is seen here, one that comes after waits until the new disk is made.
    /// </summary>
    private static async Task<PrivateImage?> FindOwnAsync(PortalDb db, Actor actor, string imageId, CancellationToken ct)
    {
        if (
            await db
                .PrivateImages.Include(own => own.Base)
                .FirstOrDefaultAsync(own => own.AccountId == actor.AccountId && own.Id == imageId, ct)
            is not { } found
        )
        {
            return null;
        }

        await db.LockSnapshotAsync(actor.AccountId, found.SnapshotId, ct);
        return found;
    }

    /// <summary>
    /// What runs goes on costing the same. What does not takes room and somebody who pays; a disk that stays takes both too.
    /// </summary>
    private async Task<Refusal?> WhyNotPayAsync(
        PortalDb db,
        Actor actor,
        Account account,
        Instance instance,
        FreeCapacity free,
        CancellationToken ct
    )
    {
        if ((Refusal.Forbidden(account.WhySuspended) ?? Refusal.State(instance.WhyNotRebuild)) is { } refusal)
        {
            return refusal;
        }

        var starts = instance is { State: InstanceState.Failed, Goal: InstanceGoal.Running };
        var kept = instance.Volumes.SingleOrDefault(volume => volume is { IsRoot: true, DeleteOnTermination: false });
        return (starts || kept is not null ? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct) : null)
            ?? Refusal.Limit(starts ? free.WhyNotStart(instance) : null)
            ?? (
                kept is null
                    ? null
                    : await VolumeQuota.WhyNotAsync(db, account, 1, kept.SizeGiB, ct) ?? Refusal.Limit(free.WhyNotGiB(kept.SizeGiB))
            );
    }
}
