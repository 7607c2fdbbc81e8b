using Microsoft.EntityFrameworkCore;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// What a region has left for new machines and volumes: what its engine last said is free, less what was accepted since and is not there
/// yet. An engine that never answered has no say: then requests are accepted and wait.
/// </summary>
public sealed record FreeCapacity(int Vcpus, int MemoryMiB, int DiskGiB)
{
    public static readonly FreeCapacity Unknown = new(int.MaxValue, int.MaxValue, int.MaxValue);

    public static async Task<FreeCapacity> OfAsync(PortalDb db, Region region, CancellationToken ct)
    {
        if (region.SeenAt is null)
        {
            return Unknown;
        }

        var waiting = await db
            .Instances.Where(instance =>
                instance.RegionId == region.Id
                && instance.Goal == InstanceGoal.Running
                && (instance.State == InstanceState.Pending || instance.State == InstanceState.Stopped)
            )
            .GroupBy(_ => 1)
            .Select(all => new { Vcpus = all.Sum(instance => instance.Vcpus), MemoryMiB = all.Sum(instance => instance.MemoryMiB) })
            .FirstOrDefaultAsync(ct);
        var promised = await db
            .Volumes.Where(volume =>
                volume.RegionId == region.Id
                && volume.SizeGiB > volume.MadeGiB
                && volume.Goal != VolumeGoal.Deleted
                && volume.State != VolumeState.Error
                && volume.State != VolumeState.Deleted
            )
            .SumAsync(volume => volume.SizeGiB - volume.MadeGiB, ct);
        promised += await db
            .Snapshots.Where(snapshot => snapshot.RegionId == region.Id && snapshot.State == SnapshotState.Pending && !snapshot.IsDeleting)
            .SumAsync(snapshot => snapshot.SizeGiB, ct);
        return new FreeCapacity(
            region.FreeVcpus - (waiting?.Vcpus ?? 0),
            region.FreeMemoryMiB - (waiting?.MemoryMiB ?? 0),
            region.FreeDiskGiB - promised
        );
    }

    /// <summary>Why so many of this size do not fit, as a sentence; null if they do.</summary>
    /// <param name="volumesGiB">What each has besides its root disk.</param>
    public string? WhyNot(InstanceSize size, int count, int volumesGiB = 0) =>
        Fits(size, count, volumesGiB) ? null
        : count > 1 && Fits(size, 1, volumesGiB) ? $"There is no room for {count} instances of size {size.Id} at the moment; try fewer."
        : volumesGiB > 0 && Fits(size, 1, 0)
            ? $"There is no room for {volumesGiB:N0} GiB more at the moment; the region has {Math.Max(0, DiskGiB - size.DiskGiB):N0} GiB left besides the root disk."
        : $"There is no room for another {size.Id} at the moment.";

    /// <summary>Why so many GiB of volumes more do not fit, as a sentence; null if they do.</summary>
    public string? WhyNotGiB(int gib) =>
        DiskGiB >= gib ? null : $"There is no room for {gib:N0} GiB at the moment; the region has {Math.Max(0, DiskGiB):N0} GiB left.";

    /// <summary>A stopped instance's disk is there already: to start it takes processors and memory only.</summary>
    public string? WhyNotStart(Instance instance) =>
        Fits(instance.Vcpus, instance.MemoryMiB, 0, 1) ? null : "There is no room to start it at the moment; try again later.";

    /// <summary>
    /// A stopped instance holds neither processors nor memory, so that all of what it would have more of must be there for its next start,
    /// not only the difference. To shrink is never refused.
    /// </summary>
    public string? WhyNotResize(Instance instance, InstanceSize size) =>
        Fits(size.Vcpus > instance.Vcpus ? size.Vcpus : 0, size.MemoryMiB > instance.MemoryMiB ? size.MemoryMiB : 0, 0, 1)
            ? null
            : $"There is no room for a {size.Id} at the moment.";

    public FreeCapacity Less(Instance started) =>
        this == Unknown ? this : this with { Vcpus = Vcpus - started.Vcpus, MemoryMiB = MemoryMiB - started.MemoryMiB };

    /// <summary>More may have been promised than there is: what takes nothing of it fits all the same.</summary>
    private bool Fits(int vcpus, int memoryMiB, int diskGiB, int count) =>
        Fits(Vcpus, vcpus * count) && Fits(MemoryMiB, memoryMiB * count) && Fits(DiskGiB, diskGiB * count);

    private bool Fits(InstanceSize size, int count, int volumesGiB) => Fits(size.Vcpus, size.MemoryMiB, size.DiskGiB + volumesGiB, count);

    private static bool Fits(int free, int needed) => needed == 0 || free >= needed;
}
