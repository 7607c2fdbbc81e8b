using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// A customer's own image: new instances begin as what was on another's root disk at one moment. What it holds is a snapshot of its own, by
/// whose rules it is taken, restored, billed and counted; this is only what it is called. Nothing that began as it needs it afterwards.
/// </summary>
public sealed class PrivateImage : Resource
{
    public const int MaxDescription = 1024;

    public static readonly IReadOnlyList<string> Statuses = ["pending", "available", "deleting", "deleted", "failed"];

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(MaxDescription)]
    public required string Description { get; set; }

    /// <summary>The instance whose root disk it shows, which may be gone long since.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string InstanceId { get; init; }

    public Instance Instance { get; init; } = null!;

    /// <summary>
    /// The catalogue's image that this one began as, at whatever distance: it tells who signs in and how much memory is needed.
    /// </summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string BaseId { get; init; }

    public Image Base { get; init; } = null!;

    [MaxLength(ResourceIds.MaxLength)]
    public required string SnapshotId { get; init; }

    public Snapshot Snapshot { get; init; } = null!;

    /// <summary>The form's token: the same request sent twice is one.</summary>
    [MaxLength(64)]
    public required string RequestToken { get; init; }

    public string Status => Spell(Snapshot.State, Snapshot.IsDeleting);

    public string? WhyNotDelete => Snapshot.State is SnapshotState.Deleted || Snapshot.IsDeleting ? $"It is {Status} already." : null;

    public string? WhyNotChange => Snapshot.WhyNotChange;

    /// <summary>Why nothing can begin as it; null if something can.</summary>
    public string? WhyNot =>
        Status is "available" ? null
        : Status is "pending" ? $"{Name} is still being made."
        : $"{Name} is {Status}.";

    /// <summary>EC2's words for what is the snapshot's state.</summary>
    public static string Spell(SnapshotState state, bool isToGo) =>
        Snapshot.Spell(state, isToGo) switch
        {
            "completed" => "available",
            "error" => "failed",
            var same => same,
        };

    public static Outcome CheckDescription(string? text) =>
        text is null || text.Length <= MaxDescription
            ? Outcome.Done
            : Refusal.Invalid($"A description has at most {MaxDescription:N0} characters; this one has {text.Length:N0}.");

    public Outcome Describe(string? name, string? description)
    {
        if ((Refusal.State(WhyNotChange) ?? ResourceName.Check(name).Refusal ?? CheckDescription(description).Refusal) is { } refusal)
        {
            return refusal;
        }

        (Name, Description) = (name!.Trim(), description?.Trim() ?? "");
        return Snapshot.Rename(Name);
    }

    /// <summary>Its snapshot goes with it.</summary>
    public Outcome RequestDelete(DateTimeOffset now) =>
        WhyNotDelete is { } reason ? Refusal.State(reason) : Snapshot.RequestDeleteWithImage(now);
}
