using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;
using static Portal.Model.Buckets.AccessKeyState;

namespace Portal.Model.Buckets;

public enum AccessKeyState
{
    Creating,
    Active,
    Revoking,
    Revoked,
    Failed,
}

public enum AccessKeyGoal
{
    Active,
    Revoked,
}

public enum KeyRights
{
    ReadWrite,
    ReadOnly,
}

/// <summary>
/// S3 credentials of a customer. The secret is made by the web, shown once, and kept sealed only until the worker has handed it to the
/// store (docs/decisions/object-storage.md).
/// </summary>
public sealed class AccessKey : Resource
{
    public const string Prefix = "ak";

    public static readonly TimeSpan ChangeLimit = TimeSpan.FromMinutes(2);

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    /// <summary>The user of the project.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string UserId { get; init; }

    /// <summary>What S3 calls the access key id.</summary>
    [MaxLength(128)]
    public required string AccessKeyId { get; init; }

    public required KeyRights Rights { get; init; }

    /// <summary>The one bucket that it is for; null for all of the project's.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? BucketId { get; init; }

    [MaxLength(64)]
    public required string RequestToken { get; init; }

    /// <summary>Until the store has it. See <see cref="BucketSecrets"/>.</summary>
    [MaxLength(2048)]
    public string? SealedSecret { get; private set; }

    public AccessKeyGoal Goal { get; private set; }

    public AccessKeyState State { get; private set; }

    public DateTimeOffset? Deadline { get; private set; }

    [MaxLength(2048)]
    public string? LastError { get; private set; }

    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>It was replaced by another and ends then.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>Null if it was never used, or if the store does not tell.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>For a limited one: whether its user in the store was told to be suspended.</summary>
    public bool IsSuspended { get; private set; }

    /// <summary>
    /// A limited key is a user of its own in the store, which owns nothing and may only what the buckets' policies allow it. The others
    /// belong to the project's user.
    /// </summary>
    public bool IsLimited => Rights is KeyRights.ReadOnly || BucketId is not null;

    /// <summary>The user of the store whose key it is.</summary>
    public string StoreUserId => IsLimited ? Id : UserId;

    public AccessKeyState StateNow => (State, Goal) is (not Revoked, AccessKeyGoal.Revoked) ? Revoking : State;

    public string Status => StateNow.ToString().ToLowerInvariant();

    public string? WhyNotRevoke =>
        Goal is AccessKeyGoal.Revoked ? $"It is {(State is Revoked ? "revoked" : "being revoked")} already." : null;

    public string? WhyNotRotate =>
        WhyNotRevoke
        ?? (
            ExpiresAt is not null ? "It has been replaced already, and ends by itself."
            : State is Active ? null
            : $"It is {Status}."
        );

    /// <summary>There is something left to do for the worker.</summary>
    public bool IsUnsettled(DateTimeOffset now) =>
        (State, Goal) is (Creating, _) or (Creating or Active or Failed, AccessKeyGoal.Revoked) || (State is Active && ExpiresAt <= now);

    /// <summary>Its permissions are among those that a bucket's policy grants.</summary>
    public bool IsGranted => IsLimited && Goal is AccessKeyGoal.Active && State is Creating or Active;

    public AccessKey Requested(string sealedSecret, DateTimeOffset now)
    {
        (SealedSecret, Deadline) = (sealedSecret, now + ChangeLimit);
        return this;
    }

    public Outcome RequestRevoke(DateTimeOffset now)
    {
        if (WhyNotRevoke is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, Deadline, SealedSecret) = (AccessKeyGoal.Revoked, now + ChangeLimit, null);
        return Outcome.Done;
    }

    /// <summary>Another takes its place; it works until then, so that programs can be changed over.</summary>
    public Outcome RequestReplacement(DateTimeOffset until)
    {
        if (WhyNotRotate is { } reason)
        {
            return Refusal.State(reason);
        }

        ExpiresAt = until;
        return Outcome.Done;
    }

    /// <summary>
    /// The store has it: the secret is forgotten. What a limited one may is still to be written into the buckets' policies.
    /// </summary>
    public void ObserveHanded(bool isSuspended) => (SealedSecret, IsSuspended, Waiting) = (null, isSuspended, null);

    /// <summary>It works.</summary>
    public void ObserveActive() => (State, SealedSecret, Deadline, Waiting) = (Active, null, null, null);

    public void ObserveRevoked(DateTimeOffset now) =>
        (State, Goal, RevokedAt, SealedSecret, Deadline, Waiting) = (Revoked, AccessKeyGoal.Revoked, RevokedAt ?? now, null, null, null);

    public void ObserveSuspension(bool isSuspended) => IsSuspended = isSuspended;

    public void Wait(string sentence) => Waiting = sentence;

    public void Fail(string reason) => (State, LastError, SealedSecret, Deadline, Waiting) = (Failed, reason, null, null, null);
}
