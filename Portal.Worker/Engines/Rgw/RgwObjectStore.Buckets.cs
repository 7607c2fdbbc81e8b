using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Shared;
using Portal.Model.Storage;

namespace Portal.Worker.Engines.Rgw;

/// <summary>What is done to a bucket on behalf of its owner, through S3.</summary>
public sealed partial class RgwObjectStore
{
    /// <summary>
    /// RADOS Gateway has no answer of its own for a full cluster: the write hangs, or ENOSPC comes out as 500 "UnknownError"; other gateways say 507. Its admin API does not tell how much room
    /// there is. So one object is written over and over, in a bucket named after the key, which no customer can have.
    /// </summary>
    public async Task<string?> WhyNotTakingAsync(CancellationToken ct)
    {
        using var s3 = Client(access.Admin);
        try
        {
            await PutTrialAsync(s3, ct);
            return null;
        }
        catch (AmazonS3Exception error)
        {
            // Anything less is about this user: a quota, a name that is taken, a right that is missing. Of the store it says nothing.
            return (int)error.StatusCode >= (int)HttpStatusCode.InternalServerError ? $"{error.ErrorCode} (HTTP {(int)error.StatusCode})" : null;
        }
        catch (Exception error) when (RgwErrors.IsAway(error, ct))
        {
            throw new EngineException(EngineFault.Unavailable, "The object store does not answer.", error);
        }
    }

    public async Task<string> EnsureBucketAsync(StoreKey owner, string bucket, CancellationToken ct)
    {
        await AskAsync(owner, s3 => s3.PutBucketAsync(new PutBucketRequest { BucketName = bucket }, ct), ct);
        var made = await admin.AskAsync(HttpMethod.Get, "bucket", [("bucket", bucket), ("stats", "true")], ct);
        return made.GetProperty("id").GetString()!;
    }

    public async Task EnsureGrantsAsync(StoreKey owner, string bucket, IReadOnlyList<BucketGrant> grants, CancellationToken ct)
    {
        var current = await AskAsync(owner, s3 => StoredPolicy.ReadAsync(s3, bucket, ct), ct);
        if (current is not null && !BucketPolicy.IsReadable(current))
        {
            throw new EngineException(EngineFault.Rejected, "Portal cannot read the bucket's own policy: limited access keys do not reach the bucket until it is written anew.");
        }

        var wanted = BucketPolicy.WithGrants(current, bucket, grants);
        if (BucketPolicy.IsSame(current, wanted))
        {
            return;
        }

        if (wanted is null)
        {
            await AskAsync(owner, s3 => s3.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = bucket }, ct), ct);
        }
        else
        {
            await AskAsync(owner, s3 => s3.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = bucket, Policy = wanted }, ct), ct);
        }
    }

    /// <summary>Unfinished uploads first: they are few, and a bucket with one is not empty.</summary>
    public async Task<EmptiedBatch> EmptyAsync(StoreKey owner, string bucket, CancellationToken ct)
    {
        var uploads = await AskToDeleteAsync(owner, s3 => s3.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, MaxUploads = 100 }, ct), ct);
        foreach (var upload in uploads.MultipartUploads ?? [])
        {
            await AskToDeleteAsync(owner, s3 => AbortAsync(s3, bucket, upload, ct), ct);
        }

        var found = await AskToDeleteAsync(owner, s3 => s3.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket, MaxKeys = 1000 }, ct), ct);
        var versions = (found.Versions ?? []).Select(version => new KeyVersion { Key = version.Key, VersionId = version.VersionId }).ToList();
        if (versions.Count > 0)
        {
            await AskToDeleteAsync(owner, s3 => s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = bucket, Objects = versions, Quiet = true }, ct), ct);
        }

        return new EmptiedBatch(versions.Count, found.IsTruncated is not true && uploads.IsTruncated is not true);
    }

    public async Task<bool> DeleteBucketAsync(StoreKey owner, string bucket, CancellationToken ct)
    {
        try
        {
            await AskToDeleteAsync(owner, s3 => s3.DeleteBucketAsync(new DeleteBucketRequest { BucketName = bucket }, ct), ct);
            return true;
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing)
        {
            return true;
        }
        catch (EngineException error) when (error.InnerException is AmazonS3Exception { ErrorCode: "BucketNotEmpty" })
        {
            return false;
        }
    }

    /// <summary>
    /// RADOS Gateway holds an owner to his own policy, even where Amazon would let him change it: once it denies everything to everybody, only the admin API reaches the bucket. Its answer to a
    /// full one may take longer than we wait; it goes on all the same, and is asked again.
    /// </summary>
    public async Task OverrideDenialAsync(StoreKey owner, string bucket, CancellationToken ct)
    {
        try
        {
            await AskToDeleteAsync(owner, s3 => s3.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = bucket }, ct), ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing)
        {
        }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected)
        {
            await PurgeAsync(bucket, ct);
        }
    }

    private async Task PurgeAsync(string bucket, CancellationToken ct)
    {
        try
        {
            await admin.AskAsync(HttpMethod.Delete, "bucket", [("bucket", bucket), ("purge-objects", "true")], ct).OrMissingAsync();
        }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected)
        {
            throw new EngineException(EngineFault.Unavailable, error.Message, error);
        }
    }

    /// <summary>What is denied to an owner in his own bucket is denied by its policy, or by a lock on an object: it stays so until he changes it.</summary>
    private async Task<T> AskToDeleteAsync<T>(StoreKey owner, Func<IAmazonS3, Task<T>> ask, CancellationToken ct)
    {
        try
        {
            return await AskAsync(owner, ask, ct);
        }
        catch (EngineException error) when (error.InnerException is AmazonS3Exception { ErrorCode: "AccessDenied" }
            || error.InnerException is DeleteObjectsException { Response.DeleteErrors: { } errors } && errors.Exists(one => one.Code is "AccessDenied"))
        {
            throw new EngineException(EngineFault.Rejected, "It was not deleted: its policy, or a lock on an object, denies deleting. Change that in its settings, then delete it again.", error);
        }
    }

    private async Task PutTrialAsync(AmazonS3Client s3, CancellationToken ct)
    {
        var bucket = $"portal-trial-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(access.Admin.AccessKeyId)))[..16]}";
        var trial = new PutObjectRequest { BucketName = bucket, Key = "trial", ContentBody = "Portal writes this again and again to see whether the store takes it.", UseChunkEncoding = false };
        try
        {
            await s3.PutObjectAsync(trial, ct);
        }
        catch (AmazonS3Exception error) when (error.ErrorCode is "NoSuchBucket")
        {
            await s3.PutBucketAsync(new PutBucketRequest { BucketName = bucket }, ct);
            await s3.PutObjectAsync(trial, ct);
        }
    }

    private static async Task<bool> AbortAsync(IAmazonS3 s3, string bucket, MultipartUpload upload, CancellationToken ct)
    {
        try
        {
            await s3.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = bucket, Key = upload.Key, UploadId = upload.UploadId }, ct);
            return true;
        }
        catch (AmazonS3Exception error) when (error.StatusCode is HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private async Task<T> AskAsync<T>(StoreKey owner, Func<IAmazonS3, Task<T>> ask, CancellationToken ct)
    {
        using var s3 = Client(owner);
        try
        {
            return await ask(s3);
        }
        catch (AmazonS3Exception error)
        {
            throw RgwErrors.Of(error);
        }
        catch (Exception error) when (RgwErrors.IsAway(error, ct))
        {
            throw new EngineException(EngineFault.Unavailable, "The object store does not answer.", error);
        }
    }

    private AmazonS3Client Client(StoreKey key) => S3Client.Of(access.Endpoint.AbsoluteUri.TrimEnd('/'), access.SigningRegion, key, RgwObjectStores.Patience);
}
