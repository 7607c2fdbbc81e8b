using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>Writes other headers to an object: a copy onto itself, since S3 knows no other way.</summary>
public sealed class ChangeObjectHeaders(ObjectCopy copy, BucketAudit audit)
{
    public async Task<Outcome> RunAsync(Actor actor, OpenBucket bucket, string key, ObjectHeaders headers, CancellationToken ct)
    {
        await audit.WriteAsync(actor, bucket, "PutObjectHeaders", after: new { Key = key, headers.ContentType });
        try
        {
            await copy.RunAsync(bucket.S3, bucket.Name, key, key, null, headers, ct);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return StorageFault.Refuse(error);
        }

        return Outcome.Done;
    }
}
