using System.ComponentModel.DataAnnotations;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

public enum ObjectStoreUserGoal
{
    Active,

    /// <summary>With everything that it owns.</summary>
    Removed,
}

public enum ObjectStoreUserState
{
    Pending,
    Active,
    Removed,
}

/// <summary>
/// Who a project is in its region's object store: made at first use, owner of the project's buckets. Its id is its name there. Portal has
/// an access key of its own for it, by which the web reads settings and signs addresses for the browser.
/// </summary>
public sealed class ObjectStoreUser : Resource
{
    public const string Prefix = "s3u";

    public static readonly TimeSpan ChangeLimit = TimeSpan.FromMinutes(2);

    /// <summary>For a removal, and between two batches of what it owns.</summary>
    public static readonly TimeSpan RemoveLimit = TimeSpan.FromMinutes(10);

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(128)]
    public required string AccessKeyId { get; init; }

    /// <summary>See <see cref="BucketSecrets"/>.</summary>
    [MaxLength(2048)]
    public required string SealedSecret { get; init; }

    public ObjectStoreUserGoal Goal { get; private set; }

    public ObjectStoreUserState State { get; private set; }

    public DateTimeOffset? Deadline { get; private set; }

    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    public DateTimeOffset? RemovedAt { get; private set; }

    /// <summary>What the store was told last: whether it may do anything, how many buckets, bytes and objects it may have.</summary>
    public bool IsSuspended { get; private set; }

    public int BucketsAllowed { get; private set; }

    public long BytesAllowed { get; private set; }

    public long ObjectsAllowed { get; private set; }

    /// <summary>What the store is to hold of it.</summary>
    /// <param name="isStoreFull">Then nobody may put anything into it.</param>
    public StoreUser Wanted(Account account, bool isStoreFull) =>
        new(Id, Name, account.IsOutOfStores, account.BucketLimit, BytesOf(account, isStoreFull), account.BucketObjectLimit);

    /// <summary>There is something left to do for the worker.</summary>
    public bool IsUnsettled(Account account, bool isStoreFull) =>
        State is not ObjectStoreUserState.Removed
        && (
            State is ObjectStoreUserState.Pending
            || Goal is ObjectStoreUserGoal.Removed
            || (IsSuspended, BucketsAllowed, BytesAllowed, ObjectsAllowed)
                != (account.IsOutOfStores, account.BucketLimit, BytesOf(account, isStoreFull), account.BucketObjectLimit)
        );

    /// <summary>Somebody has to tell the store, by its deadline.</summary>
    public bool IsAsked => State is not ObjectStoreUserState.Removed && Deadline is not null;

    public static long BytesOf(Account account, bool isStoreFull = false) => isStoreFull ? 0 : (long)account.BucketGiBLimit << 30;

    public ObjectStoreUser Requested(DateTimeOffset now)
    {
        Deadline = now + ChangeLimit;
        return this;
    }

    public void RequestRemoval(DateTimeOffset now) => (Goal, Deadline) = (ObjectStoreUserGoal.Removed, now + RemoveLimit);

    /// <summary>The store holds it as <paramref name="told"/>.</summary>
    public void Observe(StoreUser told)
    {
        (State, IsSuspended, BucketsAllowed, BytesAllowed, ObjectsAllowed) = (
            ObjectStoreUserState.Active,
            told.IsSuspended,
            told.MaxBuckets,
            told.MaxBytes,
            told.MaxObjects
        );
        (Deadline, Waiting) = (null, null);
    }

    public void ObserveProgress(DateTimeOffset now) => (Deadline, Waiting) = (now + RemoveLimit, null);

    public void ObserveRemoved(DateTimeOffset now) =>
        (State, RemovedAt, Deadline, Waiting) = (ObjectStoreUserState.Removed, now, null, null);

    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>Its account is suspended or not any more, or has another quota: somebody has to tell the store by then.</summary>
    public void Differs(DateTimeOffset now) => Deadline ??= now + ChangeLimit;
}
