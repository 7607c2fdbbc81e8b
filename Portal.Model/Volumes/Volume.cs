using System.ComponentModel.DataAnnotations;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>
/// A disk, which outlives the instance that uses it unless it is told not to. An instance's root disk is one too. The web writes what is
/// wanted (<see cref="Goal"/>, <see cref="SizeGiB"/>, <see cref="Deadline"/>), the worker what it observes (<see cref="State"/>,
/// <see cref="MadeGiB"/>). The rules of both are in the other parts of this class.
/// </summary>
public sealed partial class Volume : Resource, ITagged
{
    /// <summary>The smallest and the largest that there is.</summary>
    public const int MinGiB = 1;
    public const int MaxGiB = 2048;

    /// <summary>Under which the engine and EC2's interface know a root disk.</summary>
    public const string RootDevice = "vda";

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(32)]
    public required string TypeId { get; init; }

    public VolumeType Type { get; init; } = null!;

    /// <summary>As large as it is to be. It only ever grows.</summary>
    public required int SizeGiB { get; set; }

    /// <summary>As large as the engine says that it is; 0 before it is made.</summary>
    public int MadeGiB { get; private set; }

    /// <summary>The image that it began as, at whatever distance; null for one that holds no system.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? ImageId { get; init; }

    public Image? Image { get; init; }

    /// <summary>The snapshot that it was made from, which may be gone long since; null for none.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? SnapshotId { get; init; }

    public ICollection<Snapshot> Snapshots { get; } = [];

    /// <summary>The instance that has it or is to have it.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? InstanceId { get; private set; }

    public Instance? Instance { get; private set; }

    /// <summary>
    /// Its place in the instance, e.g. <c>sdb</c>. The guest may call it otherwise and finds it by <see cref="GuestPath"/>.
    /// </summary>
    [MaxLength(16)]
    public string? Device { get; private set; }

    /// <summary>The instance starts from it.</summary>
    public bool IsRoot { get; private set; }

    /// <summary>It goes when its instance is terminated.</summary>
    public bool DeleteOnTermination { get; set; }

    /// <summary>The form's token and the place in its row of volumes; null for what was made with an instance.</summary>
    [MaxLength(64)]
    public string? RequestToken { get; init; }

    public int RequestIndex { get; init; }

    public Dictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    public VolumeGoal Goal { get; private set; }

    public VolumeState State { get; private set; }

    /// <summary>By when the goal should be reached; past it an incident opens. Null when nothing is under way.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>What did not work; a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? LastError { get; private set; }

    /// <summary>Why the request waits, when it does.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    public DateTimeOffset? AttachedAt { get; private set; }

    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>
    /// The name under which a guest finds it whatever else it has: QEMU tells the guest the volume's id as the disk's serial number.
    /// </summary>
    public string GuestPath => IsRoot ? $"/dev/disk/by-id/virtio-{Serial(Id)}" : $"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{Serial(Id)}";

    /// <summary>The id without its hyphen, as Amazon does it: 20 characters, the longest that a virtio disk can tell.</summary>
    public static string Serial(string id) => id.Replace("-", "", StringComparison.Ordinal);
}
