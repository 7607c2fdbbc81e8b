using System.Collections.Concurrent;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Rgw;

/// <summary>What is done to single objects, with their owner's key.</summary>
public sealed partial class RgwObjectStore
{
    private const int ObjectsAtOnce = 8;

    /// <summary>A copy of some gigabytes takes its time.</summary>
    private static readonly TimeSpan CopyPatience = TimeSpan.FromMinutes(10);

    private readonly ObjectCopy copy = new();

    public async Task<ObjectPage> ListObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        string prefix,
        string? after,
        int most,
        CancellationToken ct
    )
    {
        await LookAsync(bucket, ct);
        var page = await AskForObjectsAsync(
            owner,
            s3 =>
                s3.ListObjectsV2Async(
                    new ListObjectsV2Request
                    {
                        BucketName = bucket.Name,
                        Prefix = prefix,
                        StartAfter = after,
                        MaxKeys = most,
                    },
                    ct
                ),
            ct
        );
        return new ObjectPage([.. (page.S3Objects ?? []).Select(Stored)], page.IsTruncated is not true);
    }

    public async Task<IReadOnlyList<StoredObject>> FindObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyCollection<string> keys,
        CancellationToken ct
    )
    {
        await LookAsync(bucket, ct);
        return await AskForObjectsAsync(owner, s3 => FindAsync(s3, bucket.Name, keys, ct), ct);
    }

    public async Task<IReadOnlyList<ObjectProblem>> DeleteObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<string> keys,
        CancellationToken ct
    )
    {
        await LookAsync(bucket, ct);
        return await AskForObjectsAsync(owner, s3 => DeleteAsync(s3, bucket.Name, keys, ct), ct);
    }

    public async Task<IReadOnlyList<ObjectProblem>> CopyObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<ObjectRename> copies,
        bool isAgain,
        CancellationToken ct
    )
    {
        await LookAsync(bucket, ct);
        return await AskForObjectsAsync(owner, s3 => CopyAsync(s3, bucket.Name, copies, isAgain, ct), ct, CopyPatience);
    }

    private static StoredObject Stored(S3Object found) => new(found.Key, found.Size ?? 0, found.ETag ?? "");

    /// <summary>By lists, in which any name can stand: an address loses some.</summary>
    private static async Task<IReadOnlyList<StoredObject>> FindAsync(
        IAmazonS3 s3,
        string bucket,
        IReadOnlyCollection<string> keys,
        CancellationToken ct
    )
    {
        var found = new ConcurrentBag<StoredObject>();
        await Parallel.ForEachAsync(
            keys,
            new ParallelOptions { MaxDegreeOfParallelism = ObjectsAtOnce, CancellationToken = ct },
            async (key, token) =>
            {
                var request = new ListObjectsV2Request
                {
                    BucketName = bucket,
                    Prefix = key,
                    MaxKeys = 1,
                };
                if ((await s3.ListObjectsV2Async(request, token)).S3Objects is [var first, ..] && first.Key == key)
                {
                    found.Add(Stored(first));
                }
            }
        );
        return [.. found];
    }

    /// <summary>XML cannot spell control characters, which some tools put into names: those go one by one.</summary>
    private static async Task<IReadOnlyList<ObjectProblem>> DeleteAsync(
        IAmazonS3 s3,
        string bucket,
        IReadOnlyList<string> keys,
        CancellationToken ct
    )
    {
        var problems = new ConcurrentBag<ObjectProblem>();
        await Parallel.ForEachAsync(
            keys.Where(key => !ObjectKey.IsSpelledByXml(key)),
            new ParallelOptions { MaxDegreeOfParallelism = ObjectsAtOnce, CancellationToken = ct },
            async (key, token) =>
            {
                if (await WhyNotDeletedAloneAsync(s3, bucket, key, token) is { } why)
                {
                    problems.Add(new ObjectProblem(key, why));
                }
            }
        );
        var together = keys.Where(ObjectKey.IsSpelledByXml).Select(key => new KeyVersion { Key = key }).ToList();
        var errors = together.Count == 0 ? [] : await DeleteTogetherAsync(s3, bucket, together, ct);
        return
        [
            .. problems,
            .. errors.Select(error => new ObjectProblem(
                error.Key,
                error.Code is "AccessDenied" ? S3Sentences.Denied : $"The object store refused: {error.Code}."
            )),
        ];
    }

    private static async Task<string?> WhyNotDeletedAloneAsync(IAmazonS3 s3, string bucket, string key, CancellationToken ct)
    {
        if (ObjectKey.WhyNotInBrowser(key) is { } unreachable)
        {
            return unreachable;
        }

        try
        {
            await s3.DeleteObjectAsync(bucket, key, ct);
            return null;
        }
        catch (AmazonS3Exception error) when (IsOfOne(error))
        {
            return S3Sentences.Of(error).Sentence;
        }
    }

    private static async Task<List<DeleteError>> DeleteTogetherAsync(
        IAmazonS3 s3,
        string bucket,
        List<KeyVersion> keys,
        CancellationToken ct
    )
    {
        try
        {
            var request = new DeleteObjectsRequest
            {
                BucketName = bucket,
                Quiet = true,
                Objects = keys,
            };
            return (await s3.DeleteObjectsAsync(request, ct)).DeleteErrors ?? [];
        }
        catch (DeleteObjectsException some)
        {
            return some.Response.DeleteErrors;
        }
    }

    private async Task<IReadOnlyList<ObjectProblem>> CopyAsync(
        IAmazonS3 s3,
        string bucket,
        IReadOnlyList<ObjectRename> copies,
        bool isAgain,
        CancellationToken ct
    )
    {
        var problems = new ConcurrentBag<ObjectProblem>();
        await Parallel.ForEachAsync(
            copies,
            new ParallelOptions { MaxDegreeOfParallelism = ObjectsAtOnce, CancellationToken = ct },
            async (one, token) =>
            {
                if (await WhyNotCopiedAsync(s3, bucket, one, isAgain, token) is { } why)
                {
                    problems.Add(new ObjectProblem(one.From.Key, why));
                }
            }
        );
        return [.. problems];
    }

    private async Task<string?> WhyNotCopiedAsync(IAmazonS3 s3, string bucket, ObjectRename one, bool isAgain, CancellationToken ct)
    {
        try
        {
            if (isAgain && one.From.Size > ObjectCopy.Largest)
            {
                await GiveUpPartsAsync(s3, bucket, one.To, ct);
            }

            await copy.RunAsync(s3, bucket, one.From.Key, one.To, null, null, ct, one.From.ETag);
            return null;
        }
        catch (AmazonS3Exception error) when (error.StatusCode is HttpStatusCode.PreconditionFailed)
        {
            return S3Sentences.ChangedMeanwhile;
        }
        catch (AmazonS3Exception error) when (IsOfOne(error))
        {
            return S3Sentences.Of(error).Sentence;
        }
    }

    /// <summary>Parts of what will not be completed would be billed for ever.</summary>
    private static async Task GiveUpPartsAsync(IAmazonS3 s3, string bucket, string key, CancellationToken ct)
    {
        var uploads = await s3.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = key }, ct);
        foreach (var upload in (uploads.MultipartUploads ?? []).Where(upload => upload.Key == key))
        {
            await AbortAsync(s3, bucket, upload, ct);
        }
    }

    /// <summary>What is refused of one object; all else is of the store or of the bucket.</summary>
    private static bool IsOfOne(AmazonS3Exception error) =>
        (int)error.StatusCode is >= 400 and < 500
        && error.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout)
        && error.ErrorCode
            is not ("NoSuchBucket" or "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "RequestTimeTooSkewed" or "UserSuspended");

    /// <summary>What is denied to an owner in his own bucket is denied by its policy: it stays so until he changes it.</summary>
    private async Task<T> AskForObjectsAsync<T>(
        StoreKey owner,
        Func<IAmazonS3, Task<T>> ask,
        CancellationToken ct,
        TimeSpan? patience = null
    )
    {
        try
        {
            return await AskAsync(owner, ask, ct, patience);
        }
        catch (EngineException error) when (error.InnerException is AmazonS3Exception { ErrorCode: "AccessDenied" })
        {
            throw new EngineException(EngineFault.Rejected, S3Sentences.Denied, error);
        }
    }
}
