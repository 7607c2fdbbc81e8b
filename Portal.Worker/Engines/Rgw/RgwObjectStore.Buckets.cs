using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Rgw;

/// <summary>
/// What is done to a bucket on behalf of its owner, through S3 with his own key wherever that can do it. Each call first looks whether the
/// name is still that very bucket's: S3 knows names only. It may change hands between the look and the call; then the owner's key does in
/// another's bucket no more than that one lets him do, and what Portal's own key does (a quota, a removal) guards itself.
/// </summary>
public sealed partial class RgwObjectStore
{
    /// <summary>
    /// RADOS Gateway has no answer of its own for a full cluster: the write hangs, or ENOSPC comes out as 500 "UnknownError"; other
    /// gateways say 507. Its admin API does not tell how much room there is. So one object is written over and over, in a bucket named
    /// after the key, which no customer can have.
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
            return (int)error.StatusCode >= (int)HttpStatusCode.InternalServerError
                ? $"{error.ErrorCode} (HTTP {(int)error.StatusCode})"
                : null;
        }
        catch (Exception error) when (RgwErrors.IsAway(error, ct))
        {
            throw new EngineException(EngineFault.Unavailable, "The object store does not answer.", error);
        }
    }

    public async Task<BucketInStore> EnsureBucketAsync(string userId, StoreKey owner, string name, CancellationToken ct)
    {
        await AskAsync(owner, s3 => s3.PutBucketAsync(new PutBucketRequest { BucketName = name }, ct), ct);
        var made = await admin.AskAsync(HttpMethod.Get, "bucket", [("bucket", name), ("stats", "true")], ct);

        // He may have deleted it in between with another tool, and somebody else may have taken the name.
        return made.GetProperty("owner").GetString() == userId
            ? new BucketInStore(userId, name, Id(made))
            : throw new EngineException(EngineFault.Rejected, RgwErrors.NameOfAnother);
    }

    /// <summary>
    /// A quota is told by name alone, with Portal's key. So it is looked just before and just after: should the name have changed hands
    /// within these milliseconds, the bucket that has it now loses the quota again. It was just made, and had none.
    /// </summary>
    public async Task SetQuotaAsync(BucketInStore bucket, long? maxBytes, CancellationToken ct)
    {
        await LookAsync(bucket, ct);
        await TellQuotaAsync(bucket.UserId, bucket.Name, maxBytes, ct);
        if (await FindAsync(bucket.Name, ct) is { } other && !IsIt(bucket, other))
        {
            await TellQuotaAsync(other.GetProperty("owner").GetString()!, bucket.Name, null, ct).OrMissingAsync();
            throw Gone();
        }
    }

    public async Task EnsureGrantsAsync(StoreKey owner, BucketInStore bucket, IReadOnlyList<BucketGrant> grants, CancellationToken ct)
    {
        await LookAsync(bucket, ct);
        var name = bucket.Name;
        var current = await AskAsync(owner, s3 => StoredPolicy.ReadAsync(s3, name, ct), ct);
        if (current is not null && !BucketPolicy.IsReadable(current))
        {
            throw new EngineException(
                EngineFault.Rejected,
                "Portal cannot read the bucket's own policy: limited access keys do not reach the bucket until it is written anew."
            );
        }

        if (grants.Any(grant => grant.Rights is KeyRights.ReadWrite))
        {
            await AskAsync(owner, s3 => IgnorePublicAclsAsync(s3, name, ct), ct);
        }

        var wanted = BucketPolicy.WithGrants(current, name, grants);
        if (BucketPolicy.IsSame(current, wanted))
        {
            return;
        }

        if (wanted is null)
        {
            await AskAsync(owner, s3 => s3.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = name }, ct), ct);
        }
        else
        {
            await AskAsync(owner, s3 => s3.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = name, Policy = wanted }, ct), ct);
        }
    }

    /// <summary>
    /// Whoever may write an object may say in the same breath that everybody may read it, and that would outlast the key. A policy denies
    /// it only for a plain upload: at a copy, an upload in parts and a form's RADOS Gateway 16 does not look at what the ACL is to be. So
    /// the bucket ignores ACLs that let everybody in, and goes on to when the key is gone; its owner may change that back then.
    /// </summary>
    private static async Task<bool> IgnorePublicAclsAsync(IAmazonS3 s3, string bucket, CancellationToken ct)
    {
        var block = await BlockAsync(s3, bucket, ct);
        if (block.IgnorePublicAcls is true)
        {
            return false;
        }

        block.IgnorePublicAcls = true;
        await s3.PutPublicAccessBlockAsync(
            new PutPublicAccessBlockRequest { BucketName = bucket, PublicAccessBlockConfiguration = block },
            ct
        );
        return true;
    }

    private static async Task<PublicAccessBlockConfiguration> BlockAsync(IAmazonS3 s3, string bucket, CancellationToken ct)
    {
        try
        {
            var answer = await s3.GetPublicAccessBlockAsync(new GetPublicAccessBlockRequest { BucketName = bucket }, ct);
            return answer.PublicAccessBlockConfiguration ?? new PublicAccessBlockConfiguration();
        }
        catch (AmazonS3Exception error) when (error.ErrorCode is "NoSuchPublicAccessBlockConfiguration")
        {
            return new PublicAccessBlockConfiguration();
        }
    }

    /// <summary>Unfinished uploads first: a bucket with one is not empty.</summary>
    public async Task<EmptiedBatch> EmptyAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct)
    {
        await LookAsync(bucket, ct);
        var name = bucket.Name;
        var areUploadsGone = await AbortSomeAsync(owner, name, ct);
        var found = await AskToDeleteAsync(
            owner,
            s3 => s3.ListVersionsAsync(new ListVersionsRequest { BucketName = name, MaxKeys = 1000 }, ct),
            ct
        );
        var versions = (found.Versions ?? [])
            .Select(version => new KeyVersion { Key = version.Key, VersionId = version.VersionId })
            .ToList();
        var odd = versions.FindAll(version => !ObjectKey.IsSpelledByXml(version.Key));
        versions = versions.FindAll(version => ObjectKey.IsSpelledByXml(version.Key));
        foreach (var version in odd)
        {
            await DeleteAloneAsync(owner, name, version, ct);
        }

        if (versions.Count > 0)
        {
            await AskToDeleteAsync(
                owner,
                s3 =>
                    s3.DeleteObjectsAsync(
                        new DeleteObjectsRequest
                        {
                            BucketName = name,
                            Objects = versions,
                            Quiet = true,
                        },
                        ct
                    ),
                ct
            );
        }

        return new EmptiedBatch(versions.Count + odd.Count, found.IsTruncated is not true && areUploadsGone);
    }

    /// <summary>
    /// A hundred of the unfinished uploads, or all that are left. One whose address loses something on its way is passed over: the gateway
    /// takes it away itself with a bucket that is empty otherwise.
    /// </summary>
    private async Task<bool> AbortSomeAsync(StoreKey owner, string bucket, CancellationToken ct)
    {
        var request = new ListMultipartUploadsRequest { BucketName = bucket, MaxUploads = 100 };
        while (true)
        {
            var uploads = await AskToDeleteAsync(owner, s3 => s3.ListMultipartUploadsAsync(request, ct), ct);
            var reached = (uploads.MultipartUploads ?? []).FindAll(upload => ObjectKey.WhyNotInBrowser(upload.Key) is null);
            foreach (var upload in reached)
            {
                await AskToDeleteAsync(owner, s3 => AbortAsync(s3, bucket, upload, ct), ct);
            }

            if (uploads.IsTruncated is not true)
            {
                return true;
            }

            if (reached.Count > 0)
            {
                return false;
            }

            (request.KeyMarker, request.UploadIdMarker) = (uploads.NextKeyMarker, uploads.NextUploadIdMarker);
        }
    }

    /// <summary>
    /// One whose name no list can hold, by its address. An address that loses something on its way may be another object's.
    /// </summary>
    private async Task DeleteAloneAsync(StoreKey owner, string bucket, KeyVersion version, CancellationToken ct)
    {
        if (ObjectKey.WhyNotInBrowser(version.Key) is not null)
        {
            throw new EngineException(
                EngineFault.Rejected,
                "It was not deleted: the name of an object in it holds a part “.” or “..” or begins with a slash, and holds a character besides that S3's lists cannot spell. Delete that object with another tool."
            );
        }

        await AskToDeleteAsync(owner, s3 => s3.DeleteObjectAsync(bucket, version.Key, version.VersionId, ct), ct);
    }

    public async Task<bool> DeleteBucketAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct)
    {
        try
        {
            await LookAsync(bucket, ct);
            await AskToDeleteAsync(owner, s3 => s3.DeleteBucketAsync(new DeleteBucketRequest { BucketName = bucket.Name }, ct), ct);
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
    /// RADOS Gateway holds an owner to his own policy, even where Amazon would let him change it: once it denies everything to everybody,
    /// only the admin API reaches the bucket.
    /// </summary>
    public async Task OverrideDenialAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct)
    {
        try
        {
            await LookAsync(bucket, ct);
            if (await AskToDeleteAsync(owner, s3 => StoredPolicy.ReadAsync(s3, bucket.Name, ct), ct) is null)
            {
                // It is no policy that keeps it from being emptied, but a lock, or a name that cannot be told.
                await PurgeAsync(bucket, ct);
                return;
            }

            await AskToDeleteAsync(
                owner,
                s3 => s3.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = bucket.Name }, ct),
                ct
            );
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing) { }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected)
        {
            await PurgeAsync(bucket, ct);
        }
    }

    /// <summary>
    /// The admin API removes a bucket with all that is in it by its name alone, whosever that is by then. Of its verbs one compares the id
    /// of the bucket before it has an effect: the one that links it to a user, under another name if that is wanted. So the very bucket
    /// first gets a name that is nobody else's and that nobody can guess, still as its owner's; by that name it is removed. The answer may
    /// take longer than we wait: the removal goes on all the same. What it leaves, were it cut off, is a bucket of the owner's: it is found
    /// when buckets are measured, keeps him from being removed, and goes in the same way.
    /// </summary>
    private async Task PurgeAsync(BucketInStore bucket, CancellationToken ct)
    {
        if (await FindAsync(bucket.Name, ct) is not { } found || !IsIt(bucket, found))
        {
            return;
        }

        var last =
            $"removed-{Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(access.Admin.Secret), Encoding.UTF8.GetBytes(bucket.StoreId)))[..40]}";
        try
        {
            await admin.AskAsync(
                HttpMethod.Put,
                "bucket",
                [
                    ("bucket", bucket.Name),
                    ("bucket-id", found.GetProperty("id").GetString()!),
                    ("uid", bucket.UserId),
                    ("new-bucket-name", last),
                ],
                ct
            );
            await admin.AskAsync(HttpMethod.Delete, "bucket", [("bucket", last), ("purge-objects", "true")], ct).OrMissingAsync();
        }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected or EngineFault.Missing)
        {
            // The name changed hands, or the index was split, in between: it is looked at again.
            throw new EngineException(EngineFault.Unavailable, error.Message, error);
        }
    }

    /// <summary>Missing unless the name is that very bucket's.</summary>
    private async Task LookAsync(BucketInStore bucket, CancellationToken ct)
    {
        if (await FindAsync(bucket.Name, ct) is not { } found || !IsIt(bucket, found))
        {
            throw Gone();
        }
    }

    private Task<JsonElement?> FindAsync(string name, CancellationToken ct) =>
        admin.AskAsync(HttpMethod.Get, "bucket", [("bucket", name), ("stats", "true")], ct).OrMissingAsync();

    private static bool IsIt(BucketInStore bucket, JsonElement found) =>
        Id(found) == bucket.StoreId && found.GetProperty("owner").GetString() == bucket.UserId;

    private static EngineException Gone() => new(EngineFault.Missing, "The object store does not have this bucket any more.");

    private Task<JsonElement> TellQuotaAsync(string userId, string name, long? maxBytes, CancellationToken ct) =>
        admin.AskAsync(
            HttpMethod.Put,
            "bucket",
            [
                ("quota", ""),
                ("uid", userId),
                ("bucket", name),
                ("enabled", maxBytes is null ? "false" : "true"),
                ("max-size-kb", Kilobytes(maxBytes ?? -1024)),
            ],
            ct
        );

    /// <summary>
    /// What is denied to an owner in his own bucket is denied by its policy, or by a lock on an object: it stays so until he changes it.
    /// </summary>
    private async Task<T> AskToDeleteAsync<T>(StoreKey owner, Func<IAmazonS3, Task<T>> ask, CancellationToken ct)
    {
        try
        {
            return await AskAsync(owner, ask, ct);
        }
        catch (EngineException error)
            when (error.InnerException is AmazonS3Exception { ErrorCode: "AccessDenied" }
                || error.InnerException is DeleteObjectsException { Response.DeleteErrors: { } errors }
                    && errors.Exists(one => one.Code is "AccessDenied")
            )
        {
            throw new EngineException(
                EngineFault.Rejected,
                "It was not deleted: its policy, or a lock on an object, denies deleting. Change that in its settings, then delete it again.",
                error
            );
        }
    }

    private async Task PutTrialAsync(AmazonS3Client s3, CancellationToken ct)
    {
        var bucket = $"portal-trial-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(access.Admin.AccessKeyId)))[..16]}";
        var trial = new PutObjectRequest
        {
            BucketName = bucket,
            Key = "trial",
            ContentBody = "Portal writes this again and again to see whether the store takes it.",
            UseChunkEncoding = false,
        };
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
            await s3.AbortMultipartUploadAsync(
                new AbortMultipartUploadRequest
                {
                    BucketName = bucket,
                    Key = upload.Key,
                    UploadId = upload.UploadId,
                },
                ct
            );
            return true;
        }
        catch (AmazonS3Exception error) when (error.StatusCode is HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private async Task<T> AskAsync<T>(StoreKey owner, Func<IAmazonS3, Task<T>> ask, CancellationToken ct, TimeSpan? patience = null)
    {
        using var s3 = Client(owner, patience);
        try
        {
            return await ask(s3);
        }
        catch (AmazonS3Exception error)
        {
            throw RgwErrors.Of(error);
        }
        catch (Exception error) when (error is XmlException or AmazonUnmarshallingException)
        {
            throw new EngineException(EngineFault.Rejected, "The object store answers what Portal cannot read.", error);
        }
        catch (Exception error) when (RgwErrors.IsAway(error, ct))
        {
            throw new EngineException(EngineFault.Unavailable, "The object store does not answer.", error);
        }
    }

    private AmazonS3Client Client(StoreKey key, TimeSpan? patience = null) =>
        S3Client.Of(access.Endpoint.AbsoluteUri.TrimEnd('/'), access.SigningRegion, key, patience ?? RgwObjectStores.Patience);
}
