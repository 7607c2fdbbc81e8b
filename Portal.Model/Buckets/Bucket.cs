using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// A bucket of the region's object store. Its <see cref="Resource.Name"/> is its S3 name, unique in the store among all customers as at
/// Amazon. What is in it and how it is set (CORS, policy, versioning …) is kept by the store alone and read from there.
/// </summary>
public sealed partial class Bucket : Resource
{
    public const string Prefix = "bkt";

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    /// <summary>The user of the object store that owns it.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string UserId { get; init; }

    /// <summary>The form's token: a retried post finds what the first made. One that was found in the store has its own id here.</summary>
    [MaxLength(64)]
    public required string RequestToken { get; init; }

    public BucketGoal Goal { get; private set; }

    public BucketState State { get; private set; }

    /// <summary>By when the goal should be reached; past it an incident opens. While it is emptied, every batch moves it on.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>Why it could not be made or deleted; a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? LastError { get; private set; }

    /// <summary>Why the request waits, when it does.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>All that is in it, versions included, goes before the bucket does.</summary>
    public bool EmptyFirst { get; private set; }

    /// <summary>How many objects and versions were removed since it is being emptied.</summary>
    public long Removed { get; private set; }

    /// <summary>What the customer allows it to hold; null for no limit of its own.</summary>
    public int? QuotaGiB { get; private set; }

    /// <summary>The quota that the store has been told.</summary>
    public int? QuotaToldGiB { get; private set; }

    /// <summary>The permissions of limited access keys are to be written into its policy (again).</summary>
    public bool GrantsDue { get; private set; }

    /// <summary>The store's own id of it, which tells it from a later bucket of the same name. Null until it was made.</summary>
    [MaxLength(128)]
    public string? StoreId { get; private set; }

    /// <summary>Bytes and objects as last measured.</summary>
    public long Bytes { get; private set; }

    public long Objects { get; private set; }

    public DateTimeOffset? MeasuredAt { get; private set; }

    public DateTimeOffset? DeletedAt { get; private set; }
}
