using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>Puts the limited keys' statements back into policies that their customers wrote anew with another tool.</summary>
public sealed class BucketGrantPatrol(IDbContextFactory<PortalDb> dbs, RegionStore stores, RegionName region)
{
    public async Task MendAsync(IObjectStore store, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var dependent = await (
            from bucket in db.Buckets.AsNoTracking()
            where
                bucket.RegionId == region.Id
                && bucket.State == BucketState.Available
                && bucket.Goal == BucketGoal.Available
                && !bucket.GrantsDue
                && db.AccessKeys.Any(key =>
                    key.UserId == bucket.UserId
                    && key.State == AccessKeyState.Active
                    && key.Goal == AccessKeyGoal.Active
                    && (key.BucketId == bucket.Id || (key.BucketId == null && key.Rights == KeyRights.ReadOnly))
                )
            join user in db.ObjectStoreUsers.AsNoTracking() on bucket.UserId equals user.Id
            where user.State == ObjectStoreUserState.Active && !user.IsSuspended
            select new { bucket, user }
        ).ToListAsync(ct);
        var round = new Round(store.CheckAsync);
        await round.EachAsync(
            dependent,
            row => row.bucket.Id,
            (row, token) => MendAsync(store, stores.KeyOf(row.user), row.bucket, token),
            ct
        );
        round.End();
    }

    private async Task MendAsync(IObjectStore store, StoreKey owner, Bucket bucket, CancellationToken ct)
    {
        // Its job writes the same policy.
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, bucket.Id, ct);
        if (lease is null)
        {
            return;
        }

        try
        {
            await store.EnsureGrantsAsync(owner, bucket.InStore(), await BucketGrants.OfAsync(db, bucket, ct), ct);
        }
        catch (EngineException error) when (error.Fault is not EngineFault.Unavailable)
        {
            // Deleted meanwhile, or a policy that the store does not take together with ours: the next minute looks again.
        }
    }
}
