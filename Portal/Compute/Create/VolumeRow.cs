using Portal.Model.Compute;
using Portal.Model.Volumes;

namespace Portal.Compute;

/// <summary>A volume besides the root disk, as it is being asked for: what is typed, whether it makes sense or not.</summary>
public sealed class VolumeRow
{
    public string Size { get; set; } = "8";

    public string TypeId { get; set; } = VolumeType.Standard;

    /// <summary>The snapshot that it is to begin as; null for an empty one.</summary>
    public string? SnapshotId { get; set; }

    public bool DeleteOnTermination { get; set; }

    /// <summary>Null if what is typed is no size.</summary>
    public int? GiB => Volume.ParseSize(Size) is { IsDone: true, Value: var gib } ? gib : null;

    /// <summary>What is wrong with it; null for nothing.</summary>
    /// <param name="offered">The snapshots that there are at the moment.</param>
    public string? WhyNot(IEnumerable<Snapshot> offered) =>
        Volume.ParseSize(Size).Reason
        ?? (
            SnapshotId is null ? null
            : offered.FirstOrDefault(one => one.Id == SnapshotId) is { } source ? source.WhyNotRestoreTo(GiB ?? 0)
            : "The snapshot is gone: choose another, or an empty volume."
        );

    public ExtraVolume ToVolume() => new(GiB ?? 0, TypeId, SnapshotId, DeleteOnTermination);
}
