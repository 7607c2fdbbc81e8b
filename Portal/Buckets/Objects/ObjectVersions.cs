using Amazon.S3.Model;
using Portal.Model.Accounts;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>One version of an object, or the mark that it was deleted.</summary>
public sealed record ObjectVersion(string Id, bool IsLatest, bool IsDeleteMarker, long Size, DateTimeOffset At);

/// <summary>What S3 keeps of an object where versioning is on.</summary>
public sealed class ObjectVersions(ObjectCopy copy, BucketAudit audit)
{
    public const int MostShown = 500;

    /// <summary>The newest first; only the one where the bucket never had versioning.</summary>
    public static async Task<IReadOnlyList<ObjectVersion>> ListAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        var found = new List<ObjectVersion>();
        var request = new ListVersionsRequest { BucketName = bucket.Name, Prefix = key };
        while (found.Count < MostShown)
        {
            var page = await bucket.S3.ListVersionsAsync(request, ct);
            var mine = (page.Versions ?? []).TakeWhile(version => version.Key == key).ToList();
            found.AddRange(
                mine.Select(version => new ObjectVersion(
                    version.VersionId,
                    version.IsLatest is true,
                    version.IsDeleteMarker is true,
                    version.Size ?? 0,
                    new DateTimeOffset((version.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero)
                ))
            );
            if (page.IsTruncated is not true || mine.Count < page.Versions!.Count)
            {
                break;
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }

        return found;
    }

    /// <summary>Makes an older version the newest, as a copy of it; the ones in between stay.</summary>
    public async Task RestoreAsync(Actor actor, OpenBucket bucket, string key, string versionId, CancellationToken ct)
    {
        await AuditAsync(actor, bucket, "RestoreObject", key, versionId);
        await copy.RunAsync(bucket.S3, bucket.Name, key, key, versionId, null, ct);
    }

    /// <summary>Takes away the marks that it was deleted, one for each time: its newest version is the object again.</summary>
    public async Task UndeleteAsync(Actor actor, OpenBucket bucket, string key, CancellationToken ct)
    {
        await AuditAsync(actor, bucket, "RestoreObject", key, versionId: null);
        var versions = await ListAsync(bucket, key, ct);
        foreach (var mark in versions.TakeWhile(version => version.IsDeleteMarker))
        {
            await RemoveAsync(bucket, key, mark.Id, ct);
        }
    }

    /// <summary>Deletes one version for good.</summary>
    public async Task DeleteAsync(Actor actor, OpenBucket bucket, string key, string versionId, CancellationToken ct)
    {
        await AuditAsync(actor, bucket, "DeleteObjectVersion", key, versionId);
        await RemoveAsync(bucket, key, versionId, ct);
    }

    /// <summary>By the list of what to delete, in which any key can stand that XML can spell; an address loses some.</summary>
    private static Task RemoveAsync(OpenBucket bucket, string key, string versionId, CancellationToken ct) =>
        !ObjectKey.IsSpelledByXml(key)
            ? bucket.S3.DeleteObjectAsync(bucket.Name, key, versionId, ct)
            : bucket.S3.DeleteObjectsAsync(
                new DeleteObjectsRequest
                {
                    BucketName = bucket.Name,
                    Quiet = true,
                    Objects = [new KeyVersion { Key = key, VersionId = versionId }],
                },
                ct
            );

    private Task AuditAsync(Actor actor, OpenBucket bucket, string action, string key, string? versionId) =>
        audit.WriteAsync(actor, bucket, action, before: new { Key = key, VersionId = versionId });
}
