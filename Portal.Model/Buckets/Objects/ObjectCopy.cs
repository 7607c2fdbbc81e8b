using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Model.Buckets;

/// <summary>
/// Copies an object inside S3, with its headers, its tags and whether everybody may read it: the bytes stay there. What is larger than S3
/// copies in one request is copied in parts.
/// </summary>
/// <param name="largest">Bytes that one request copies; S3's limit unless told.</param>
/// <param name="partSize">Bytes of a part of a larger one.</param>
public sealed class ObjectCopy(long largest = ObjectCopy.Largest, long partSize = 512L << 20)
{
    /// <summary>S3's own limit.</summary>
    public const long Largest = 5L << 30;

    /// <summary>How ACLs call everybody.</summary>
    public const string Everybody = "http://acs.amazonaws.com/groups/global/AllUsers";

    private const int PartsAtOnce = 4;

    /// <summary>
    /// Copies <paramref name="from"/> to <paramref name="to"/>, which may be the same key: then with other <paramref name="headers"/>, or
    /// from an older version.
    /// </summary>
    /// <param name="etag">It is copied only while it has this one; else the store says that a precondition failed.</param>
    public async Task RunAsync(
        IAmazonS3 s3,
        string bucket,
        string from,
        string to,
        string? versionId,
        ObjectHeaders? headers,
        CancellationToken ct,
        string? etag = null
    )
    {
        var source = new Source(bucket, from, versionId, etag);
        var found = await s3.GetObjectMetadataAsync(
            new GetObjectMetadataRequest
            {
                BucketName = bucket,
                Key = from,
                VersionId = versionId,
                EtagToMatch = etag,
            },
            ct
        );
        var acl = await AclAsync(s3, bucket, from, versionId, ct);
        var tags = headers is null && found.ContentLength <= largest ? [] : await TagsAsync(s3, bucket, from, versionId, ct);
        if (found.ContentLength <= largest)
        {
            await WholeAsync(s3, source, to, headers, acl, ct);
        }
        else
        {
            await InPartsAsync(s3, source, found.ContentLength, to, headers ?? ObjectHeaders.Of(found), acl, ct);
        }

        if (tags.Count > 0)
        {
            await s3.PutObjectTaggingAsync(
                new PutObjectTaggingRequest
                {
                    BucketName = bucket,
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
    private static async Task<List<Tag>> TagsAsync(IAmazonS3 s3, string bucket, string key, string? versionId, CancellationToken ct) =>
        (
            await s3.GetObjectTaggingAsync(
                new GetObjectTaggingRequest
                {
                    BucketName = bucket,
                    Key = key,
                    VersionId = versionId,
                },
                ct
            )
        ).Tagging
        ?? [];

    private static async Task WholeAsync(
        IAmazonS3 s3,
        Source source,
        string to,
        ObjectHeaders? headers,
        S3CannedACL acl,
        CancellationToken ct
    )
    {
        var request = new CopyObjectRequest
        {
            SourceBucket = source.Bucket,
            SourceKey = source.Key,
            SourceVersionId = source.VersionId,
            ETagToMatch = source.ETag,
            DestinationBucket = source.Bucket,
            DestinationKey = to,
            CannedACL = acl,
            MetadataDirective = headers is null ? S3MetadataDirective.COPY : S3MetadataDirective.REPLACE,
        };
        headers?.WriteTo(request.Headers, request.Metadata);
        await s3.CopyObjectAsync(request, ct);
    }

    private async Task InPartsAsync(
        IAmazonS3 s3,
        Source source,
        long size,
        string to,
        ObjectHeaders headers,
        S3CannedACL acl,
        CancellationToken ct
    )
    {
        var begin = new InitiateMultipartUploadRequest
        {
            BucketName = source.Bucket,
            Key = to,
            CannedACL = acl,
        };
        headers.WriteTo(begin.Headers, begin.Metadata);
        var uploadId = (await s3.InitiateMultipartUploadAsync(begin, ct)).UploadId;
        try
        {
            var parts = new PartETag[(int)((size + partSize - 1) / partSize)];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, parts.Length),
                new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = ct },
                async (index, token) =>
                {
                    var answer = await s3.CopyPartAsync(Part(source, size, to, uploadId, index), token);
                    parts[index] = new PartETag(index + 1, answer.ETag);
                }
            );
            await s3.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = source.Bucket,
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
            await s3.AbortMultipartUploadAsync(source.Bucket, to, uploadId, CancellationToken.None);
            throw;
        }
    }

    private CopyPartRequest Part(Source source, long size, string to, string uploadId, int index) =>
        new()
        {
            SourceBucket = source.Bucket,
            SourceKey = source.Key,
            SourceVersionId = source.VersionId,
            ETagToMatch = source.ETag is null ? null : [source.ETag],
            DestinationBucket = source.Bucket,
            DestinationKey = to,
            UploadId = uploadId,
            PartNumber = index + 1,
            FirstByte = index * partSize,
            LastByte = Math.Min((index + 1) * partSize, size) - 1,
        };

    /// <summary>Whether the object's own ACL lets everybody read it.</summary>
    public static async Task<bool> IsPublicAsync(IAmazonS3 s3, string bucket, string key, string? versionId, CancellationToken ct)
    {
        var acl = await s3.GetObjectAclAsync(
            new GetObjectAclRequest
            {
                BucketName = bucket,
                Key = key,
                VersionId = versionId,
            },
            ct
        );
        return (acl.Grants ?? []).Exists(grant =>
            grant.Grantee?.URI == Everybody && (grant.Permission == S3Permission.READ || grant.Permission == S3Permission.FULL_CONTROL)
        );
    }

    /// <summary>A copy begins private. If everybody may read the original, so is the copy meant.</summary>
    private static async Task<S3CannedACL> AclAsync(IAmazonS3 s3, string bucket, string key, string? versionId, CancellationToken ct) =>
        await IsPublicAsync(s3, bucket, key, versionId, ct) ? S3CannedACL.PublicRead : S3CannedACL.Private;

    private sealed record Source(string Bucket, string Key, string? VersionId, string? ETag);
}
