using Amazon.S3.Model;

namespace Portal.Buckets;

/// <summary>An object that is deleted and still there as a version.</summary>
public sealed record DeletedObject(string Key, DateTimeOffset At);

/// <summary>
/// Some of the objects of a folder that are deleted but still there as versions, and where the next ones begin. S3 marks as deleted what
/// never was there as well, when somebody deletes it: a mark with nothing behind it is none of these.
/// </summary>
public sealed record DeletedPage(IReadOnlyList<DeletedObject> Found, bool IsLast, string? NextKey, string? NextVersion)
{
    /// <summary>S3 tells a thousand versions at a time, live ones among them; so many times it is asked for one page.</summary>
    private const int Reads = 10;

    private const int Enough = 100;

    public static async Task<DeletedPage> ReadAsync(OpenBucket bucket, string prefix, DeletedPage? after, CancellationToken ct)
    {
        var found = new List<DeletedObject>();
        DeletedObject? mark = null;
        var request = new ListVersionsRequest
        {
            BucketName = bucket.Name,
            Prefix = prefix,
            KeyMarker = after?.NextKey,
            VersionIdMarker = after?.NextVersion,
        };
        for (var read = 1; ; read++)
        {
            var page = await bucket.S3.ListVersionsAsync(request, ct);
            foreach (var version in page.Versions ?? [])
            {
                if (version.IsDeleteMarker is true)
                {
                    mark = version.IsLatest is true
                        ? new DeletedObject(
                            version.Key,
                            new DateTimeOffset((version.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero)
                        )
                        : mark;
                }
                else if (mark?.Key == version.Key)
                {
                    found.Add(mark);
                    mark = null;
                }
            }

            if (page.IsTruncated is not true || found.Count >= Enough || read == Reads)
            {
                if (
                    mark is not null
                    && page.IsTruncated is true
                    && (await ObjectVersions.ListAsync(bucket, mark.Key, ct)).Any(version => !version.IsDeleteMarker)
                )
                {
                    // What is behind the last mark is told on the next page, which begins after it.
                    found.Add(mark);
                }

                return new DeletedPage(found, page.IsTruncated is not true, page.NextKeyMarker, page.NextVersionIdMarker);
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
    }
}
