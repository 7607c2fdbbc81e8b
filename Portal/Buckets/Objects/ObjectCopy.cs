using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Buckets;

/// <summary>What an object carries beside its bytes.</summary>
public sealed record ObjectHeaders
{
    public string ContentType { get; init; } = "";

    public string? CacheControl { get; init; }

    public string? ContentDisposition { get; init; }

    public string? ContentEncoding { get; init; }

    /// <summary>The customer's own, without <c>x-amz-meta-</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static ObjectHeaders Of(GetObjectMetadataResponse found) =>
        new()
        {
            ContentType = found.Headers.ContentType ?? "",
            CacheControl = Text(found.Headers.CacheControl),
            ContentDisposition = Text(found.Headers.ContentDisposition),
            ContentEncoding = Text(WithoutFraming(found.Headers.ContentEncoding)),
            Metadata = found.Metadata.Keys.ToDictionary(
                name => name["x-amz-meta-".Length..],
                name => found.Metadata[name],
                StringComparer.Ordinal
            ),
        };

    internal void WriteTo(HeadersCollection headers, MetadataCollection metadata)
    {
        headers.ContentType = ContentType;
        headers.CacheControl = CacheControl;
        headers.ContentDisposition = ContentDisposition;
        headers.ContentEncoding = ContentEncoding;
        foreach (var (name, value) in Metadata)
        {
            metadata[name] = value;
        }
    }

    /// <summary>
    /// How a client framed what it signed while sending is no property of the object, but RADOS Gateway 16 keeps it as one.
    /// </summary>
    internal static string? WithoutFraming(string? encoding) =>
        encoding is null
            ? null
            : string.Join(',', encoding.Split(',', StringSplitOptions.TrimEntries).Where(one => one is not "aws-chunked"));

    private static string? Text(string? header) => string.IsNullOrEmpty(header) ? null : header;
}

/// <summary>
/// Copies an object inside S3, with its headers, its tags and whether everybody may read it: the bytes stay there. What is larger than S3
/// copies in one request is copied in parts.
/// </summary>
/// <param name="largest">Bytes that one request copies; S3's limit unless told.</param>
/// <param name="partSize">Bytes of a part of a larger one.</param>
public sealed class ObjectCopy(long largest = 5L << 30, long partSize = 512L << 20)
{
    private const int PartsAtOnce = 4;

    /// <summary>
    /// Copies <paramref name="from"/> to <paramref name="to"/>, which may be the same key: then with other <paramref name="headers"/>, or
    /// from an older version.
    /// </summary>
    public async Task RunAsync(OpenBucket bucket, string from, string to, string? versionId, ObjectHeaders? headers, CancellationToken ct)
    {
        var found = await bucket.S3.GetObjectMetadataAsync(
            new GetObjectMetadataRequest
            {
                BucketName = bucket.Name,
                Key = from,
                VersionId = versionId,
            },
            ct
        );
        var acl = await AclAsync(bucket, from, versionId, ct);
        var tags = headers is null && found.ContentLength <= largest ? [] : await TagsAsync(bucket, from, versionId, ct);
        if (found.ContentLength <= largest)
        {
            await WholeAsync(bucket, from, to, versionId, headers, acl, ct);
        }
        else
        {
            await InPartsAsync(bucket, new Source(from, versionId, found.ContentLength), to, headers ?? ObjectHeaders.Of(found), acl, ct);
        }

        if (tags.Count > 0)
        {
            await bucket.S3.PutObjectTaggingAsync(
                new PutObjectTaggingRequest
                {
                    BucketName = bucket.Name,
                    Key = to,
                    Tagging = new Tagging { TagSet = tags },
                },
                ct
            );
        }
    }

    /// <summary>
    /// RADOS Gateway drops an object's tags where its headers are replaced, and a copy in parts is a new object; a lifecycle rule may go by
    /// them.
    /// </summary>
    private static async Task<List<Tag>> TagsAsync(OpenBucket bucket, string key, string? versionId, CancellationToken ct) =>
        (
            await bucket.S3.GetObjectTaggingAsync(
                new GetObjectTaggingRequest
                {
                    BucketName = bucket.Name,
                    Key = key,
                    VersionId = versionId,
                },
                ct
            )
        ).Tagging
        ?? [];

    private static async Task WholeAsync(
        OpenBucket bucket,
        string from,
        string to,
        string? versionId,
        ObjectHeaders? headers,
        S3CannedACL acl,
        CancellationToken ct
    )
    {
        var request = new CopyObjectRequest
        {
            SourceBucket = bucket.Name,
            SourceKey = from,
            SourceVersionId = versionId,
            DestinationBucket = bucket.Name,
            DestinationKey = to,
            CannedACL = acl,
            MetadataDirective = headers is null ? S3MetadataDirective.COPY : S3MetadataDirective.REPLACE,
        };
        headers?.WriteTo(request.Headers, request.Metadata);
        await bucket.S3.CopyObjectAsync(request, ct);
    }

    private async Task InPartsAsync(
        OpenBucket bucket,
        Source source,
        string to,
        ObjectHeaders headers,
        S3CannedACL acl,
        CancellationToken ct
    )
    {
        var begin = new InitiateMultipartUploadRequest
        {
            BucketName = bucket.Name,
            Key = to,
            CannedACL = acl,
        };
        headers.WriteTo(begin.Headers, begin.Metadata);
        var uploadId = (await bucket.S3.InitiateMultipartUploadAsync(begin, ct)).UploadId;
        try
        {
            var parts = new PartETag[(int)((source.Size + partSize - 1) / partSize)];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, parts.Length),
                new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = ct },
                async (index, token) =>
                {
                    var answer = await bucket.S3.CopyPartAsync(Part(bucket, source, to, uploadId, index), token);
                    parts[index] = new PartETag(index + 1, answer.ETag);
                }
            );
            await bucket.S3.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = bucket.Name,
                    Key = to,
                    UploadId = uploadId,
                    PartETags = [.. parts],
                },
                ct
            );
        }
        catch (Exception)
        {
            // Parts of what will not be completed would be billed for ever.
            await bucket.S3.AbortMultipartUploadAsync(bucket.Name, to, uploadId, CancellationToken.None);
            throw;
        }
    }

    private CopyPartRequest Part(OpenBucket bucket, Source source, string to, string uploadId, int index) =>
        new()
        {
            SourceBucket = bucket.Name,
            SourceKey = source.Key,
            SourceVersionId = source.VersionId,
            DestinationBucket = bucket.Name,
            DestinationKey = to,
            UploadId = uploadId,
            PartNumber = index + 1,
            FirstByte = index * partSize,
            LastByte = Math.Min((index + 1) * partSize, source.Size) - 1,
        };

    /// <summary>Whether the object's own ACL lets everybody read it.</summary>
    public static async Task<bool> IsPublicAsync(OpenBucket bucket, string key, string? versionId, CancellationToken ct)
    {
        var acl = await bucket.S3.GetObjectAclAsync(
            new GetObjectAclRequest
            {
                BucketName = bucket.Name,
                Key = key,
                VersionId = versionId,
            },
            ct
        );
        return (acl.Grants ?? []).Exists(grant =>
            grant.Grantee?.URI == PublicRead.Everybody
            && (grant.Permission == S3Permission.READ || grant.Permission == S3Permission.FULL_CONTROL)
        );
    }

    /// <summary>A copy begins private. If everybody may read the original, so is the copy meant.</summary>
    private static async Task<S3CannedACL> AclAsync(OpenBucket bucket, string key, string? versionId, CancellationToken ct) =>
        await IsPublicAsync(bucket, key, versionId, ct) ? S3CannedACL.PublicRead : S3CannedACL.Private;

    private sealed record Source(string Key, string? VersionId, long Size);
}
