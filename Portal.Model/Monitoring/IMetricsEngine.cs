using Portal.Model.Shared;

namespace Portal.Model.Monitoring;

/// <summary>The engine's contract for what machines use.</summary>
public interface IMetricsEngine
{
    /// <summary>
    /// What every running machine of Portal's has used since it was started, in one look at all of them. One that is busy being changed may
    /// be left out. Failures are <see cref="EngineException"/>.
    /// </summary>
    Task<IReadOnlyList<MachineCounters>> CountersAsync(CancellationToken ct);
}

/// <param name="Cpu">Processor time of the host, all virtual processors together.</param>
/// <param name="MemoryUsedBytes">What the guest says that it uses, caches left out; null if it does not say.</param>
/// <param name="MemoryBytes">What the guest has, as it counts it itself; null likewise.</param>
/// <param name="Received">Bytes that its network cards have received; <paramref name="Sent"/> likewise.</param>
public sealed record MachineCounters(
    string InstanceId,
    TimeSpan Cpu,
    int Vcpus,
    long? MemoryUsedBytes,
    long? MemoryBytes,
    IReadOnlyList<DiskCounters> Disks,
    long Received,
    long Sent
);

/// <param name="Disk">The volume's id, or what else tells one disk of the machine from another.</param>
public sealed record DiskCounters(string Disk, long ReadBytes, long WrittenBytes, long Reads, long Writes);
