using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Opens object stores; a driver.</summary>
public interface IObjectStores
{
    IObjectStore Open(StoreAccess access);
}

/// <summary>Where an object store is, and who may administer it.</summary>
public sealed record StoreAccess(Uri Endpoint, string SigningRegion, StoreKey Admin);

/// <summary>S3 credentials.</summary>
public sealed record StoreKey(string AccessKeyId, string Secret)
{
    /// <summary>Without the secret, since records end up in logs.</summary>
    public override string ToString() => AccessKeyId;
}

/// <summary>
/// The object store's contract. Every verb is idempotent and returns at once, however much a bucket holds. No verb sleeps, retries or knows
/// the database. Failures are <see cref="EngineException"/>. What is done to a bucket is done to that very one: once its name is another's,
/// or another one's of the same user, there is no such bucket any more.
/// </summary>
public interface IObjectStore
{
    /// <summary>Answers if the store is there and the admin key may do what Portal needs.</summary>
    Task CheckAsync(CancellationToken ct);

    /// <summary>
    /// Puts a few bytes of the administrator's own: what the store says if it is out of order for that, e.g. since it is full; null if it
    /// took them, or will not for another reason.
    /// </summary>
    Task<string?> WhyNotTakingAsync(CancellationToken ct);

    /// <summary>Makes the user, or makes him what is told. His keys and buckets stay.</summary>
    Task EnsureUserAsync(StoreUser user, CancellationToken ct);

    /// <summary>Removes the user and his keys. Nothing there is success; rejected while he owns a bucket.</summary>
    Task RemoveUserAsync(string userId, CancellationToken ct);

    /// <summary>Gives the user this key, besides those that he has.</summary>
    Task EnsureKeyAsync(string userId, StoreKey key, CancellationToken ct);

    /// <summary>Takes it from him: the next request signed with it fails. Nothing there is success.</summary>
    Task RemoveKeyAsync(string userId, string accessKeyId, CancellationToken ct);

    /// <summary>Ids of all users and their keys' ids, so that orphans are found.</summary>
    Task<IReadOnlyList<string>> UsersAsync(CancellationToken ct);

    /// <summary>Makes the bucket for the user, who has it already or gets it. Rejected if the name is somebody else's.</summary>
    /// <param name="owner">A key of his.</param>
    Task<BucketInStore> EnsureBucketAsync(string userId, StoreKey owner, string name, CancellationToken ct);

    /// <summary>At most so many bytes; null for no limit. Missing if there is no such bucket.</summary>
    Task SetQuotaAsync(BucketInStore bucket, long? maxBytes, CancellationToken ct);

    /// <summary>
    /// Makes the policy grant exactly these; what else is in it, its owner's own statements, stays. Where one of them may write, no ACL
    /// makes public what is in the bucket. Missing if there is no such bucket.
    /// </summary>
    Task EnsureGrantsAsync(StoreKey owner, BucketInStore bucket, IReadOnlyList<BucketGrant> grants, CancellationToken ct);

    /// <summary>
    /// Removes up to about a thousand objects, versions and unfinished uploads. Rejected if the bucket's own policy denies it; missing if
    /// there is no such bucket.
    /// </summary>
    Task<EmptiedBatch> EmptyAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct);

    /// <summary>
    /// Objects whose keys begin so and come after a key, in S3's order. Rejected if the bucket's own policy denies it; missing if there is
    /// no such bucket; the same of the other verbs of objects.
    /// </summary>
    /// <param name="after">Null for the first.</param>
    /// <param name="most">A thousand at most.</param>
    Task<ObjectPage> ListObjectsAsync(StoreKey owner, BucketInStore bucket, string prefix, string? after, int most, CancellationToken ct);

    /// <summary>Those of the keys that there are.</summary>
    Task<IReadOnlyList<StoredObject>> FindObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyCollection<string> keys,
        CancellationToken ct
    );

    /// <summary>Deletes up to a thousand, and says which of them it could not and why. Nothing there is success.</summary>
    Task<IReadOnlyList<ObjectProblem>> DeleteObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<string> keys,
        CancellationToken ct
    );

    /// <summary>
    /// Copies some with all they carry, each only if it is still what it was, and says which of them it could not and why. What is not told
    /// of has its copy.
    /// </summary>
    /// <param name="isAgain">It was tried before: what was begun and not ended of a copy in parts is given up first.</param>
    Task<IReadOnlyList<ObjectProblem>> CopyObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<ObjectRename> copies,
        bool isAgain,
        CancellationToken ct
    );

    /// <summary>False if something is in it. Nothing there is success. Rejected if the bucket's own policy denies it.</summary>
    Task<bool> DeleteBucketAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct);

    /// <summary>
    /// Takes away what of the bucket's own policy denies its owner to empty and to delete it; where it denies him to change the policy as
    /// well, the bucket goes with all that is in it, at once or, if something fails, as a bucket of his under another name. Nothing there
    /// is success; never rejected.
    /// </summary>
    Task OverrideDenialAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct);

    /// <summary>All buckets of all users, and what they hold.</summary>
    Task<IReadOnlyList<BucketContent>> BucketsAsync(CancellationToken ct);

    /// <summary>What was counted from this hour on. Counts of one hour only grow; the last minute may be missing.</summary>
    Task<IReadOnlyList<BucketTraffic>> TrafficAsync(DateTimeOffset since, CancellationToken ct);

    /// <summary>Forgets what was counted before this hour.</summary>
    Task ForgetTrafficAsync(DateTimeOffset before, CancellationToken ct);
}

/// <summary>One very bucket. Its name may be another's tomorrow; its owner and the store's own id of it tell it from that one.</summary>
public sealed record BucketInStore(string UserId, string Name, string StoreId);

/// <param name="MaxBuckets">How many he may have; 0 for none.</param>
/// <param name="MaxBytes">In all his buckets together.</param>
/// <param name="MaxObjects">The same; versions count.</param>
public sealed record StoreUser(string Id, string DisplayName, bool IsSuspended, int MaxBuckets, long MaxBytes, long MaxObjects);

/// <summary>What a user who owns nothing may do in a bucket.</summary>
public sealed record BucketGrant(string UserId, KeyRights Rights);

/// <param name="Removed">How many went.</param>
/// <param name="IsEmpty">Nothing was left.</param>
public sealed record EmptiedBatch(int Removed, bool IsEmpty);

/// <param name="StoreId">Tells it from a later bucket of the same name.</param>
public sealed record BucketContent(string Name, string UserId, string StoreId, long Bytes, long Objects, DateTimeOffset CreatedAt)
{
    public BucketInStore Bucket => new(UserId, Name, StoreId);
}

/// <summary>What went on in a bucket in one hour: bytes that left the store, and requests that were served.</summary>
public sealed record BucketTraffic(string UserId, string Bucket, DateTimeOffset Hour, long BytesOut, long Writes, long Reads);

/// <param name="ETag">Tells one content from another.</param>
public sealed record StoredObject(string Key, long Size, string ETag);

/// <param name="IsLast">Nothing comes after it.</param>
public sealed record ObjectPage(IReadOnlyList<StoredObject> Objects, bool IsLast);

public sealed record ObjectRename(StoredObject From, string To);
