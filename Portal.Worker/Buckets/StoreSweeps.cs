using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

public sealed class BucketSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<BucketSweep> log
) : ResourceSweep(Bucket.Prefix, dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // IsUnsettled, as SQL.
        var unsettled = await db
            .Buckets.AsNoTracking()
            .Where(bucket =>
                bucket.RegionId == region.Id
                && bucket.State != BucketState.Deleted
                && (
                    bucket.Goal == BucketGoal.Deleted
                    || bucket.State == BucketState.Creating
                    || (bucket.State == BucketState.Available && (bucket.QuotaGiB != bucket.QuotaToldGiB || bucket.GrantsDue))
                )
            )
            .ToListAsync(ct);
        return
        [
            .. unsettled
                .Where(bucket => bucket.IsUnsettled)
                .Select(bucket => new Unsettled(
                    bucket.Id,
                    bucket.AccountId,
                    bucket.Deadline < now
                        ? $"{bucket.Id} is {bucket.Status} and should have been done by {bucket.Deadline:u}. {bucket.Waiting}"
                        : null
                )),
        ];
    }
}

public sealed class AccessKeySweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<AccessKeySweep> log
) : ResourceSweep(AccessKey.Prefix, dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // IsUnsettled, as SQL, and limited ones whose account was suspended or is not any more.
        var unsettled = await (
            from key in db.AccessKeys.AsNoTracking()
            where key.RegionId == region.Id && key.State != AccessKeyState.Revoked
            join account in db.Accounts on key.AccountId equals account.Id
            where
                key.Goal == AccessKeyGoal.Revoked
                || key.State == AccessKeyState.Creating
                || (
                    key.State == AccessKeyState.Active
                    && (
                        key.ExpiresAt <= now
                        || (
                            (key.Rights == KeyRights.ReadOnly || key.BucketId != null)
                            && key.IsSuspended != (account.SuspendedAt != null || account.DownloadsStoppedAt != null)
                        )
                    )
                )
            select key
        ).ToListAsync(ct);
        return
        [
            .. unsettled.Select(key => new Unsettled(
                key.Id,
                key.AccountId,
                key.Deadline < now ? $"{key.Id} is {key.Status} and should have been done by {key.Deadline:u}. {key.Waiting}" : null
            )),
        ];
    }
}

public sealed class ObjectStoreUserSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<ObjectStoreUserSweep> log
) : ResourceSweep(ObjectStoreUser.Prefix, dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var isFull = await db.ObjectStores.AnyAsync(
            store => store.Id == region.Id && store.FullSince != null && store.Source == StoreSource.Embedded,
            ct
        );
        var living = await (
            from user in db.ObjectStoreUsers.AsNoTracking()
            where user.RegionId == region.Id && user.State != ObjectStoreUserState.Removed
            join account in db.Accounts on user.AccountId equals account.Id
            where
                user.State == ObjectStoreUserState.Pending
                || user.Goal == ObjectStoreUserGoal.Removed
                || user.IsSuspended != (account.SuspendedAt != null || account.DownloadsStoppedAt != null)
                || user.BucketsAllowed != account.BucketLimit
                || user.BytesAllowed != (isFull ? 0 : (long)account.BucketGiBLimit * 1073741824L)
                || user.ObjectsAllowed != account.BucketObjectLimit
            select new { user, account }
        ).ToListAsync(ct);
        return
        [
            .. living
                .Where(row => row.user.IsUnsettled(row.account, isFull))
                .Select(row => new Unsettled(
                    row.user.Id,
                    row.user.AccountId,
                    row.user.Deadline < now
                        ? $"{row.user.Id} is {row.user.State} in the object store and should be {row.user.Goal} since {row.user.Deadline:u}. {row.user.Waiting}"
                        : null
                )),
        ];
    }
}

/// <summary>
/// Opens no incidents: what waits for a store that is away is told there. What came of those that ended is thrown away after a week.
/// </summary>
public sealed class ObjectOperationSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<ObjectOperationSweep> log
) : ResourceSweep(ObjectOperation.Prefix, dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var old = now - ObjectOperation.KeptFor;
        await db.ObjectOperations.Where(operation => operation.RegionId == region.Id && operation.EndedAt < old).ExecuteDeleteAsync(ct);
        return await db
            .ObjectOperations.Where(operation => operation.RegionId == region.Id && operation.State == ObjectOperationState.Pending)
            .Select(operation => new Unsettled(operation.Id, operation.AccountId, null, true))
            .ToListAsync(ct);
    }
}
