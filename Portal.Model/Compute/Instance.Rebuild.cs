using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>
/// A new root disk from an image, as at the first day: name, addresses, interfaces, port, tags and the other volumes stay. The web writes
/// which image is wanted; the worker takes the machine apart, puts another disk in the place of the old one, and goes on as with a new
/// instance.
/// </summary>
public sealed partial class Instance
{
    /// <summary>The image from which it is to be rebuilt; null when nothing of the kind is under way.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? RebuildImageId { get; private set; }

    /// <summary>
    /// What its new disk is then to begin as, if not as that image: the snapshot of one of the account's own, which began as it.
    /// </summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? RebuildSnapshotId { get; private set; }

    public string? WhyNotRebuild =>
        WhyNotLose
        ?? WhyNotInRescue
        ?? (
            (State, Goal) switch
            {
                _ when RebuildImageId is not null => "It is being rebuilt already.",
                (Running, InstanceGoal.Running) when !IsRebooting => null,
                (Stopped, InstanceGoal.Stopped) or (Failed, not InstanceGoal.Terminated) => null,
                (Running, InstanceGoal.Running) => "A reboot is under way.",
                _ => $"It can be rebuilt once it runs or is stopped; it is {Status}.",
            }
        );

    /// <summary>Why it cannot start from this image; null if it can. Needs the root disk among <see cref="Volumes"/>.</summary>
    public Refusal? WhyNotRebuildFrom(Image image) => Refusal.State(WhyNotRebuild ?? image.WhyNot) ?? Refusal.Invalid(WhyNotFit(image));

    /// <summary>
    /// The same for one of its owner's own, with its snapshot and its base: that can be begun as whatever became of the catalogue's.
    /// </summary>
    public Refusal? WhyNotRebuildFrom(PrivateImage own) =>
        Refusal.State(WhyNotRebuild ?? own.WhyNot) ?? Refusal.Invalid(WhyNotFit(own.Base)) ?? own.Snapshot.WhyNotRestoreTo(RootGiB);

    private string? WhyNotFit(Image image) =>
        image.RegionId != RegionId ? "That image is in another region."
        : MemoryMiB < image.MinMemoryMiB ? $"{image.Name} needs {image.MinMemoryMiB} MiB of memory; it has {MemoryMiB}."
        : RootGiB < image.MinDiskGiB ? $"{image.Name} needs a disk of {image.MinDiskGiB} GiB; its disk has {RootGiB}."
        : null;

    /// <summary>From now on it is pending, and not billed until it runs again.</summary>
    public Outcome RequestRebuild(Image image, DateTimeOffset now) => Rebuild(WhyNotRebuildFrom(image), image.Id, null, now);

    public Outcome RequestRebuild(PrivateImage own, DateTimeOffset now) => Rebuild(WhyNotRebuildFrom(own), own.BaseId, own.SnapshotId, now);

    private Outcome Rebuild(Refusal? whyNot, string imageId, string? snapshotId, DateTimeOffset now)
    {
        if (whyNot is not null)
        {
            return whyNot;
        }

        (RebuildImageId, RebuildSnapshotId, State, Deadline, LastError) = (imageId, snapshotId, Pending, now + StartLimit, null);
        (RequestedAt, AddressAt, DiskAt, BootAt, SshAt, HostKey) = (now, null, null, null, null, null);
        return Outcome.Done;
    }

    /// <summary>
    /// Its machine is gone: the old root disk leaves, as it does when its instance is terminated, and the new one takes its place. The disk
    /// that left; null if there was none.
    /// </summary>
    public Volume? ObserveTakenApart(Image image, VolumeType type, DateTimeOffset now)
    {
        var old = Volumes.SingleOrDefault(volume => volume.IsRoot);
        var fresh = Volume.RootOf(this, image, type, old?.SizeGiB ?? image.MinDiskGiB, RebuildSnapshotId, now);
        old?.ObserveInstanceGone(now);
        (ImageId, Image, RebuildImageId, RebuildSnapshotId, RebootsDone) = (image.Id, image, null, null, RebootsWanted);
        Volumes.Add(fresh);
        return old;
    }

    private int RootGiB => Volumes.SingleOrDefault(volume => volume.IsRoot)?.SizeGiB ?? 0;
}
