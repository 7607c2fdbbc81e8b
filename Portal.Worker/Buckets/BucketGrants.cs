using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Buckets;

/// <summary>Which limited access keys reach which buckets.</summary>
internal static class BucketGrants
{
    /// <summary>Those that the bucket's policy is to let in.</summary>
    public static async Task<IReadOnlyList<BucketGrant>> OfAsync(PortalDb db, Bucket bucket, CancellationToken ct)
    {
        var keys = await db
            .AccessKeys.AsNoTracking()
            .Where(key =>
                key.UserId == bucket.UserId && key.Goal == AccessKeyGoal.Active && (key.BucketId == null || key.BucketId == bucket.Id)
            )
            .ToListAsync(ct);
        return [.. keys.Where(key => key.IsGranted).Select(key => new BucketGrant(key.StoreUserId, key.Rights))];
    }

    /// <summary>The buckets that a limited key is for.</summary>
    public static IQueryable<Bucket> CoveredBy(PortalDb db, AccessKey key) =>
        db.Buckets.Where(bucket =>
            bucket.UserId == key.UserId
            && bucket.State == BucketState.Available
            && bucket.Goal == BucketGoal.Available
            && (key.BucketId == null || bucket.Id == key.BucketId)
        );

    /// <summary>
    /// Their policies are to be written anew. A bucket's job that is at it right now fails to save for this, and looks again: it may have
    /// read the keys before.
    /// </summary>
    public static Task ChangedAsync(PortalDb db, AccessKey key, DateTimeOffset now, CancellationToken ct) =>
        CoveredBy(db, key)
            .ExecuteUpdateAsync(
                bucket =>
                    bucket
                        .SetProperty(due => due.GrantsDue, true)
                        .SetProperty(due => due.Deadline, due => due.Deadline ?? now + Bucket.CreateLimit),
                ct
            );

    /// <summary>Keys that were for this bucket alone.</summary>
    public static async Task RevokeAsync(PortalDb db, Bucket bucket, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var key in await db.AccessKeys.Where(key => key.BucketId == bucket.Id && key.Goal == AccessKeyGoal.Active).ToListAsync(ct))
        {
            key.RequestRevoke(now);
            db.AuditEntries.Add(
                Actor
                    .Portal(key.AccountId)
                    .Audit(now, "DeleteAccessKey", key.Id, after: new { key.Status, Because = $"{bucket.Name} was deleted." })
            );
        }
    }
}
