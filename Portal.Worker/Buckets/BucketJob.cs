using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>Makes a bucket, tells the store its quota and which limited keys may reach it, empties it in batches, deletes it.</summary>
public sealed class BucketJob(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    StorePlaces places,
    Nudges nudges,
    TimeProvider clock,
    ILogger<BucketJob> log
) : StoreJob<Bucket>(dbs, stores, places, nudges, clock, log), IBucketJob
{
    protected override async Task<Bucket?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.Buckets.SingleOrDefaultAsync(bucket => bucket.Id == id, ct) is { IsUnsettled: true } bucket ? bucket : null;

    protected override async Task AdvanceAsync(PortalDb db, IObjectStore store, Bucket bucket, CancellationToken ct)
    {
        var user = await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.Id == bucket.UserId, ct);
        if (user.State is ObjectStoreUserState.Pending)
        {
            WaitFor(user, bucket);
            return;
        }

        var owner = Stores.KeyOf(user);
        if (bucket.Goal is BucketGoal.Deleted)
        {
            await RemoveAsync(store, user, owner, bucket, ct);
            return;
        }

        if (bucket.State is BucketState.Creating)
        {
            bucket.GrantsChanged(Now);
            bucket.ObserveMade((await store.EnsureBucketAsync(user.Id, owner, bucket.Name, ct)).StoreId);
        }

        if (bucket.QuotaGiB != bucket.QuotaToldGiB)
        {
            await store.SetQuotaAsync(bucket.InStore(), (long?)bucket.QuotaGiB << 30, ct);
            bucket.ObserveQuota(bucket.QuotaGiB);
        }

        if (bucket.GrantsDue)
        {
            await store.EnsureGrantsAsync(owner, bucket.InStore(), await BucketGrants.OfAsync(db, bucket, ct), ct);
            bucket.ObserveGrants();
        }
    }

    protected override void WriteDown(Bucket bucket, EngineException error)
    {
        switch (error.Fault)
        {
            case EngineFault.Rejected:
                bucket.Fail(error.Message);
                break;
            case EngineFault.Missing when bucket.StoreId is not null:
                bucket.ObserveDeleted(Now);
                break;
            default:
                bucket.Wait(WaitingFor.Store);
                break;
        }
    }

    /// <summary>
    /// What it holds costs nothing any more once it is gone, and the keys that were for it alone go with it: its name may be somebody
    /// else's tomorrow.
    /// </summary>
    protected override async Task RecordAsync(PortalDb db, Bucket bucket, CancellationToken ct)
    {
        if (bucket.State is not BucketState.Deleted)
        {
            return;
        }

        await BucketMeter.RecordAsync(db, bucket, Now, ct);
        await BucketGrants.RevokeAsync(db, bucket, Now, ct);
        await db.ObjectOperations.Where(operation => operation.BucketId == bucket.Id).ExecuteDeleteAsync(ct);
    }

    /// <summary>A project's first bucket comes after its user. What keeps him waiting keeps it.</summary>
    private void WaitFor(ObjectStoreUser user, Bucket bucket)
    {
        if (user.Waiting is not null)
        {
            bucket.Wait(WaitingFor.Store);
        }

        Nudges.Now(user.Id);
    }

    private async Task RemoveAsync(IObjectStore store, ObjectStoreUser user, StoreKey owner, Bucket bucket, CancellationToken ct)
    {
        try
        {
            await EmptyAndDeleteAsync(store, owner, bucket, ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected && user.Goal is ObjectStoreUserGoal.Removed)
        {
            // Whoever closes an account has said that all of it goes, and nobody is left who could change the policy.
            await store.OverrideDenialAsync(owner, bucket.InStore(), ct);
            bucket.Wait(WaitingFor.Store);
            Nudges.Now(bucket.Id);
        }
    }

    private async Task EmptyAndDeleteAsync(IObjectStore store, StoreKey owner, Bucket bucket, CancellationToken ct)
    {
        if (bucket.StoreId is null)
        {
            bucket.ObserveDeleted(Now);
            return;
        }

        if (bucket.EmptyFirst)
        {
            using var turn = Places.TryTakeToEmpty();
            if (turn is null)
            {
                return;
            }

            var batch = await store.EmptyAsync(owner, bucket.InStore(), ct);
            bucket.ObserveEmptied(batch.Removed, Now);
            if (!batch.IsEmpty)
            {
                Nudges.Now(bucket.Id);
                return;
            }
        }

        if (await store.DeleteBucketAsync(owner, bucket.InStore(), ct))
        {
            bucket.ObserveDeleted(Now);
        }
        else if (!bucket.EmptyFirst)
        {
            bucket.ObserveNotEmpty();
        }
    }
}
