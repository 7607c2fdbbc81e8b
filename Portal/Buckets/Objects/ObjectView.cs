using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;

namespace Portal.Buckets;

public enum PreviewKind
{
    None,
    Picture,
    Text,
}

/// <summary>What the page of one object shows.</summary>
/// <param name="Picture">
/// An address from which the browser loads the picture; no script of it ever runs, since it is loaded as a picture.
/// </param>
/// <param name="Text">The beginning, shown as text whatever it is.</param>
/// <param name="Headers">Null if no address leads to it, so that only the list tells of it.</param>
/// <param name="IsPublic">Everybody may read it at its address; null if that cannot be told.</param>
public sealed record ObjectView(
    long Size,
    DateTimeOffset Modified,
    string ETag,
    ObjectHeaders? Headers,
    string? Picture,
    string? Text,
    bool IsTextWhole,
    bool? IsPublic,
    IReadOnlyList<ObjectVersion> Versions
)
{
    public const int MostText = 64 * 1024;

    private const long LargestPicture = 25 << 20;

    private static readonly string[] Pictures =
    [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/svg+xml",
        "image/bmp",
        "image/x-icon",
    ];

    private static readonly string[] TextTypes =
    [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/x-yaml",
        "application/yaml",
        "application/toml",
        "application/sql",
        "application/x-sh",
    ];

    private static readonly string[] TextEnds =
    [
        ".txt",
        ".md",
        ".csv",
        ".log",
        ".json",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".conf",
        ".sh",
        ".py",
        ".cs",
        ".js",
        ".ts",
        ".css",
        ".sql",
        ".xml",
        ".html",
    ];

    /// <summary>Null if there is no such object (any more); its older versions may still be there.</summary>
    public static Task<ObjectView?> LoadAsync(OpenBucket bucket, string key, CancellationToken ct) =>
        ObjectKey.WhyNotInBrowser(key) is null ? AskAsync(bucket, key, ct) : FindAsync(bucket, key, ct);

    /// <summary>
    /// In the list, where its key is no part of an address: Amazon's client loses or resolves what a browser does, and would tell of
    /// another object.
    /// </summary>
    private static async Task<ObjectView?> FindAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        var listed = await bucket.S3.ListObjectsV2Async(
            new ListObjectsV2Request
            {
                BucketName = bucket.Name,
                Prefix = key,
                MaxKeys = 1,
            },
            ct
        );
        return listed.S3Objects is [var found, ..] && found.Key == key
            ? new ObjectView(
                found.Size ?? 0,
                new DateTimeOffset((found.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero),
                found.ETag.Trim('"'),
                null,
                null,
                null,
                false,
                null,
                await VersionsAsync(bucket, key, ct)
            )
            : null;
    }

    private static async Task<ObjectView?> AskAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        try
        {
            var found = await bucket.S3.GetObjectMetadataAsync(bucket.Name, key, ct);
            var headers = ObjectHeaders.Of(found);
            var kind = KindOf(key, headers, found.ContentLength);
            var text = kind is PreviewKind.Text ? await ReadAsync(bucket, key, found.ContentLength, ct) : null;
            return new ObjectView(
                found.ContentLength,
                new DateTimeOffset((found.LastModified ?? default).ToUniversalTime(), TimeSpan.Zero),
                found.ETag.Trim('"'),
                headers,
                kind is PreviewKind.Picture ? ObjectLinks.View(bucket, key) : null,
                text,
                found.ContentLength <= MostText,
                await IsPublicAsync(bucket, key, ct),
                await VersionsAsync(bucket, key, ct)
            );
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            return null;
        }
    }

    public static PreviewKind KindOf(string key, ObjectHeaders headers, long size)
    {
        var type = headers.ContentType.Split(';')[0].Trim().ToLowerInvariant();
        return headers.ContentEncoding is not null and not "identity" || ObjectKey.WhyNotInBrowser(key) is not null ? PreviewKind.None
            : Pictures.Contains(type)
                ? size <= LargestPicture ? PreviewKind.Picture
                    : PreviewKind.None
            : type.StartsWith("text/", StringComparison.Ordinal)
            || TextTypes.Contains(type)
            || (
                type is "application/octet-stream" or "binary/octet-stream" or ""
                && TextEnds.Any(end => key.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            )
                ? PreviewKind.Text
            : PreviewKind.None;
    }

    private static async Task<string?> ReadAsync(OpenBucket bucket, string key, long size, CancellationToken ct)
    {
        if (size == 0)
        {
            return "";
        }

        using var answer = await bucket.S3.GetObjectAsync(
            new GetObjectRequest
            {
                BucketName = bucket.Name,
                Key = key,
                ByteRange = new ByteRange(0, Math.Min(size, MostText) - 1),
            },
            ct
        );
        using var reader = new StreamReader(answer.ResponseStream);
        var text = await reader.ReadToEndAsync(ct);

        // What is called text and holds a zero byte is not.
        return text.Contains('\0', StringComparison.Ordinal) ? null : text;
    }

    /// <summary>None where the bucket's policy denies to list them: the object itself can be shown.</summary>
    private static async Task<IReadOnlyList<ObjectVersion>> VersionsAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        try
        {
            return await ObjectVersions.ListAsync(bucket, key, ct);
        }
        catch (AmazonS3Exception denied) when (!StorageFault.IsAway(denied))
        {
            return [];
        }
    }

    private static async Task<bool?> IsPublicAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        try
        {
            var policy = await StoredPolicy.ReadAsync(bucket.S3, bucket.Name, ct);
            return (policy is null || BucketPolicy.IsReadable(policy) ? PublicRead.MayRead(policy, bucket.Name, key) : null) switch
            {
                false when await ObjectCopy.IsPublicAsync(bucket.S3, bucket.Name, key, null, ct) => policy is null ? true : null,
                false => await IsPublicByBucketAsync(bucket, ct),
                var told => told,
            };
        }
        catch (AmazonS3Exception denied) when (!StorageFault.IsAway(denied))
        {
            return null;
        }
    }

    private static async Task<bool?> IsPublicByBucketAsync(OpenBucket bucket, CancellationToken ct) =>
        PublicRead
            .Of(null, await bucket.S3.GetBucketAclAsync(new GetBucketAclRequest { BucketName = bucket.Name }, ct), null, null, bucket.Name)
            .ByAcl
            ? null
            : false;
}
