using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>Gives a link away, and notes that it was: it lets people in whom nobody knows.</summary>
public sealed class ShareObject(BucketAudit audit, TimeProvider clock)
{
    public async Task<Outcome<string>> RunAsync(Actor actor, OpenBucket bucket, string key, TimeSpan life, CancellationToken ct)
    {
        if (ObjectKey.WhyNotInBrowser(key) is { } reason)
        {
            return Refusal.Invalid(reason);
        }

        var found = await bucket.AskAsync(s3 => s3.GetObjectMetadataAsync(bucket.Name, key, ct));
        if (found.Value is not { } shared)
        {
            return found.Refusal!;
        }

        var (link, until) = (ObjectLinks.Share(bucket, key, shared.Headers.ContentType, life), clock.GetUtcNow() + life);
        await audit.WriteAsync(actor, bucket, "ShareObject", after: new { Key = key, Until = until });
        return link;
    }
}
