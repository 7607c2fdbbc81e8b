using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>
/// The engine's contract for disks. As with instances every verb is idempotent: it finds by Portal's id what it made before, creates only
/// what is absent, and returns what it sees. No verb sleeps, retries or knows the database. Failures are <see cref="EngineException"/>.
/// </summary>
public interface IVolumeEngine
{
    /// <summary>
    /// Makes the volume, or grows one that is smaller, also while a running machine uses it. It never shrinks one. It may go on after this
    /// returns: <see cref="VolumeObservation.IsUnderWay"/> until it is as wanted.
    /// </summary>
    Task<VolumeObservation> EnsureVolumeAsync(VolumeSpec volume, CancellationToken ct);

    /// <summary>What there is of a volume, without changing anything.</summary>
    Task<VolumeObservation> ObserveVolumeAsync(string volumeId, CancellationToken ct);

    /// <summary>
    /// Gives the volume to a machine: to its definition and, if it runs, to the guest. <see cref="EngineFault.Missing"/> if there is no
    /// such machine or volume, <see cref="EngineFault.Rejected"/> if another machine has it.
    /// </summary>
    Task<VolumeObservation> EnsureAttachedAsync(VolumeAttachment volume, string instanceId, CancellationToken ct);

    /// <summary>
    /// Takes the volume from a machine. A running guest is asked to let go of it: what is returned tells whether it has. What it had synced
    /// is on the volume. No such machine or volume is success.
    /// </summary>
    Task<VolumeObservation> EnsureDetachedAsync(string volumeId, string instanceId, CancellationToken ct);

    /// <summary>
    /// Deletes the volume with all that is on it. Nothing there is success; <see cref="EngineFault.Rejected"/> while a machine has it.
    /// </summary>
    Task RemoveVolumeAsync(string volumeId, CancellationToken ct);

    /// <summary>
    /// Takes a snapshot: an independent copy of what is on a volume at one moment, also while a running guest writes to it. Through the
    /// guest's agent, where it answers, the guest's file systems are quiet at that moment. A copy goes on after this returns: ask again
    /// until it is complete. One that was cut off is begun anew. <see cref="EngineFault.Missing"/> if there is neither the snapshot nor the
    /// volume.
    /// </summary>
    Task<SnapshotObservation> EnsureSnapshotAsync(SnapshotSpec snapshot, CancellationToken ct);

    /// <summary>Deletes a snapshot, or breaks its copy off. What was made from it stays whole. Nothing there is success.</summary>
    Task RemoveSnapshotAsync(string snapshotId, CancellationToken ct);

    /// <summary>The snapshots that the engine holds, those that are not complete included.</summary>
    Task<IReadOnlyList<string>> ListSnapshotsAsync(CancellationToken ct);

    /// <summary>All of Portal's that the engine holds, so that orphans are found from either side.</summary>
    Task<VolumeInventory> ListVolumesAsync(CancellationToken ct);
}

/// <param name="SizeGiB">The least size that it is to have.</param>
/// <param name="Iops">Operations a second that the engine lets through.</param>
/// <param name="ImageFile">The image that it begins as; null for an empty volume or one from a snapshot.</param>
/// <param name="SnapshotId">The snapshot that it begins as; looked at only while the volume is not there.</param>
public sealed record VolumeSpec(
    string Id,
    string AccountId,
    int SizeGiB,
    int Iops,
    int MiBPerSecond,
    string? ImageFile,
    string? SnapshotId = null
);

public sealed record SnapshotSpec(string Id, string AccountId, string VolumeId);

/// <param name="StoredBytes">What it takes on the host; 0 before it is complete.</param>
/// <param name="TakenAt">The moment that it shows; null while its turn has not come.</param>
/// <param name="Quiesced">The guest's file systems were quiet at that moment.</param>
public sealed record SnapshotObservation(bool IsComplete, long StoredBytes, DateTimeOffset? TakenAt, bool Quiesced);

/// <summary>A volume as a machine has it.</summary>
/// <param name="Device"><see cref="Volumes.Volume.RootDevice"/>, or <c>sdb</c> and so on.</param>
public sealed record VolumeAttachment(VolumeSpec Volume, string Device)
{
    public bool IsRoot => string.Equals(Device, Volumes.Volume.RootDevice, StringComparison.Ordinal);
}

/// <param name="SizeGiB">0 if there is none.</param>
/// <param name="InstanceId">The machine that has it, be it in its definition or in the running guest.</param>
/// <param name="IsUnderWay">The engine is still making, growing or attaching it. To be asked again.</param>
public sealed record VolumeObservation(int SizeGiB, string? InstanceId, bool IsUnderWay = false)
{
    public static readonly VolumeObservation Missing = new(0, null);

    public bool Exists => SizeGiB > 0;
}

/// <param name="Attached">Which machine has which of the volumes.</param>
public sealed record VolumeInventory(IReadOnlyList<string> VolumeIds, IReadOnlyDictionary<string, string> Attached);
