using System.Globalization;
using Portal.Model.Compute;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What this host can still take. Memory is promised whole, since a guest may use all of its own; processors are shared.</summary>
internal static class HostCapacity
{
    private const int VcpusPerProcessor = 8;

    /// <summary>Kept for the host itself: memory in MiB, disk in GiB.</summary>
    private const int MemoryReserve = 1024;

    private const int DiskReserve = 2;

    private const long GiB = 1L << 30;

    /// <param name="bytesPromised">What is free on the disk and promised to volumes already.</param>
    /// <param name="all">Of these those that are off take a disk only; that they may be started is promised to nobody, as at EC2.</param>
    public static EngineCapacity Of(EngineFolder folder, IReadOnlyList<DomainSize> all, long bytesPromised)
    {
        var machines = all.Where(machine => machine.IsOn).ToList();
        var vcpus = Environment.ProcessorCount * VcpusPerProcessor;
        var (total, available) = Memory();
        var memory = Math.Max(0, total - MemoryReserve);
        var disk = new DriveInfo(folder.Images);
        return new EngineCapacity(
            folder.Settings().Virtualization,
            vcpus,
            Math.Max(0, vcpus - machines.Sum(machine => machine.Vcpus)),
            memory,
            Math.Clamp(Math.Min(memory - machines.Sum(machine => machine.MemoryMiB), available - MemoryReserve), 0, memory),
            (int)(disk.TotalSize / GiB),
            (int)Math.Max(0, ((disk.AvailableFreeSpace - bytesPromised) / GiB) - DiskReserve)
        );
    }

    private static (int TotalMiB, int AvailableMiB) Memory()
    {
        var lines = File.ReadLines("/proc/meminfo")
            .Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        int MiB(string name) =>
            int.Parse(
                lines[name].Replace("kB", "", StringComparison.Ordinal),
                NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture
            ) / 1024;
        return (MiB("MemTotal"), MiB("MemAvailable"));
    }
}
