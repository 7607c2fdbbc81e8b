using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Storage;

/// <summary>
/// Notes what somebody has S3 do with a bucket or its objects: there is no row of Portal's that changes, and so no transaction in which it would be noted. Not to be
/// cancelled, by whoever closes the page meanwhile.
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
