using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Storage;

/// <summary>Gives a link away, and notes that it was: it lets people in whom nobody knows.</summary>
public sealed class ShareObject(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<string> RunAsync(Actor actor, OpenBucket bucket, string key, TimeSpan life, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var link = ObjectLinks.Share(bucket, key, life);
        await using var db = await dbs.CreateDbContextAsync(ct);
        db.AuditEntries.Add(actor.Audit(now, "ShareObject", bucket.Id, after: new { Key = key, Until = now + life }));
        await db.SaveChangesAsync(ct);
        return link;
    }
}
