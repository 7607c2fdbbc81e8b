using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// Notes what somebody does with a bucket or its objects: no row of Portal's changes, and so there is no transaction in which it would be
/// noted. Before it is done: what is asked of another server and then not written down is worse than what is written down and then refused.
/// Whoever closes the page meanwhile does not cancel it.
/// </summary>
public sealed class BucketAudit(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task WriteAsync(Actor actor, OpenBucket bucket, string action, object? before = null, object? after = null)
    {
        await using var db = await dbs.CreateDbContextAsync();
        db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, bucket.Id, before, after));
        await db.SaveChangesAsync();
    }
}
