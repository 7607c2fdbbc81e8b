using Portal.Model.Accounts;

namespace Portal.Storage;

/// <summary>Gives a link away, and notes that it was: it lets people in whom nobody knows.</summary>
public sealed class ShareObject(BucketAudit audit, TimeProvider clock)
{
    public async Task<string> RunAsync(Actor actor, OpenBucket bucket, string key, TimeSpan life)
    {
        var (link, until) = (ObjectLinks.Share(bucket, key, life), clock.GetUtcNow() + life);
        await audit.WriteAsync(actor, bucket, "ShareObject", after: new { Key = key, Until = until });
        return link;
    }
}
