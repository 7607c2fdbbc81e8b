using System.ComponentModel.DataAnnotations;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>EC2's states of a snapshot.</summary>
public enum SnapshotState
{
    /// <summary>Accepted, and not all of it is copied yet.</summary>
    Pending,
    Completed,
    Deleted,

    /// <summary>It could not be taken; <see cref="Snapshot.LastError"/> tells why.</summary>
    Error,
}

/// <summary>
/// What was on a volume at one moment: a copy of its own, which neither a later write nor the volume's deletion changes. The web writes
/// <see cref="IsDeleting"/>, the worker <see cref="State"/> and all that it observes. The rules of both are in the other part of this
/// class.
/// </summary>
public sealed partial class Snapshot : Resource, ITagged
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    /// <summary>The volume that it is of, which may be gone long since.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string VolumeId { get; init; }

    public Volume Volume { get; init; } = null!;

    /// <summary>As large as the volume was: what is restored has at least as many.</summary>
    public required int SizeGiB { get; init; }

    /// <summary>The image that the volume began as; null for one that holds no system.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? ImageId { get; init; }

    public Image? Image { get; init; }

    /// <summary>
    /// The form's token: the same request sent twice is one. For one of a schedule the volume and the moment at which it was due.
    /// </summary>
    [MaxLength(64)]
    public required string RequestToken { get; init; }

    /// <summary>
    /// The schedule that took it, and removes it when enough newer ones of its own are there; that may be gone long since, and then it
    /// stays. Null for one that somebody asked for.
    /// </summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? ScheduleId { get; init; }

    public bool IsScheduled => ScheduleId is not null;

    /// <summary>The image of the account's own that begins as it, and with which it goes; null for one that stands for itself.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? PrivateImageId { get; init; }

    public Dictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Its owner wants it gone.</summary>
    public bool IsDeleting { get; private set; }

    public SnapshotState State { get; private set; }

    /// <summary>By when what is under way should be done; past it an incident opens. Null when nothing is.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    [MaxLength(2048)]
    public string? LastError { get; private set; }

    /// <summary>Why it waits, when it does.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>The moment that it shows.</summary>
    public DateTimeOffset? TakenAt { get; private set; }

    /// <summary>The guest had its file systems quiet at that moment; else it is as after a power cut.</summary>
    public bool IsQuiesced { get; private set; }

    /// <summary>What it takes on the host and is billed for, in MiB; 0 before it is complete.</summary>
    public int StoredMiB { get; private set; }

    public DateTimeOffset? CompletedAt { get; private set; }

    public DateTimeOffset? DeletedAt { get; private set; }
}
