using Amazon.S3.Model;

namespace Portal.Storage;

/// <summary>One version of an object, or the mark that it was deleted.</summary>
public sealed record ObjectVersion(string Id, bool IsLatest, bool IsDeleteMarker, long Size, DateTimeOffset At);

/// <summary>What S3 keeps of an object where versioning is on.</summary>
public sealed class ObjectVersions(ObjectCopy copy)
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
            found.AddRange(mine.Select(version => new ObjectVersion(
                version.VersionId, version.IsLatest is true, version.IsDeleteMarker is true, version.Size ?? 0, new DateTimeOffset((version.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero))));
            if (page.IsTruncated is not true || mine.Count < page.Versions!.Count)
            {
                break;
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }

        return found;
    }

    /// <summary>Makes an older version the newest, as a copy of it; the ones in between stay.</summary>
    public Task RestoreAsync(OpenBucket bucket, string key, string versionId, CancellationToken ct) => copy.RunAsync(bucket, key, key, versionId, null, ct);

    /// <summary>Deletes one version for good. Without its delete marker, an object is back.</summary>
    public static Task DeleteAsync(OpenBucket bucket, string key, string versionId, CancellationToken ct) => bucket.S3.DeleteObjectAsync(bucket.Name, key, versionId, ct);
}
