using Amazon.S3.Model;

namespace Portal.Storage;

/// <param name="MarkId">The version id of the mark that hides it.</param>
public sealed record DeletedObject(string Key, string MarkId, DateTimeOffset At);

/// <summary>Some of the objects of a folder that are deleted but still there as versions, and where the next ones begin.</summary>
public sealed record DeletedPage(IReadOnlyList<DeletedObject> Found, bool IsLast, string? NextKey, string? NextVersion)
{
    /// <summary>S3 tells a thousand versions at a time, live ones among them; so many times it is asked for one page.</summary>
    private const int Reads = 10;

    private const int Enough = 100;

    public static async Task<DeletedPage> ReadAsync(OpenBucket bucket, string prefix, DeletedPage? after, CancellationToken ct)
    {
        var found = new List<DeletedObject>();
        var request = new ListVersionsRequest { BucketName = bucket.Name, Prefix = prefix, KeyMarker = after?.NextKey, VersionIdMarker = after?.NextVersion };
        for (var read = 1; ; read++)
        {
            var page = await bucket.S3.ListVersionsAsync(request, ct);
            found.AddRange((page.Versions ?? []).Where(version => version is { IsDeleteMarker: true, IsLatest: true })
                .Select(mark => new DeletedObject(mark.Key, mark.VersionId, new DateTimeOffset((mark.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero))));
            if (page.IsTruncated is not true || found.Count >= Enough || read == Reads)
            {
                return new DeletedPage(found, page.IsTruncated is not true, page.NextKeyMarker, page.NextVersionIdMarker);
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
    }
}
