namespace Portal.Model.Monitoring;

/// <summary>What was used per second between two looks at one machine's or one disk's counters.</summary>
/// <param name="Cpu">Percent of all processors; <paramref name="Memory"/> percent of the memory. Null where it was not measured.</param>
public sealed record Usage(
    float? Cpu,
    float? Memory,
    float? DiskRead,
    float? DiskWrite,
    float? DiskReads,
    float? DiskWrites,
    float? NetworkIn,
    float? NetworkOut
)
{
    public static Usage Of(MachineCounters before, MachineCounters now, TimeSpan elapsed)
    {
        var disks = Disks(before, now, elapsed).Select(disk => disk.Usage).ToList();
        return new Usage(
            Math.Clamp(
                100 * Rate(before.Cpu.Ticks, now.Cpu.Ticks, elapsed) / (TimeSpan.TicksPerSecond * (float)Math.Max(1, now.Vcpus)),
                0,
                100
            ),
            now is { MemoryUsedBytes: { } used, MemoryBytes: > 0 and { } all } ? Math.Clamp(100f * used / all, 0, 100) : null,
            disks.Sum(disk => disk.DiskRead),
            disks.Sum(disk => disk.DiskWrite),
            disks.Sum(disk => disk.DiskReads),
            disks.Sum(disk => disk.DiskWrites),
            Rate(before.Received, now.Received, elapsed),
            Rate(before.Sent, now.Sent, elapsed)
        );
    }

    /// <summary>The same of each disk that was there at both looks.</summary>
    public static IEnumerable<(string Disk, Usage Usage)> Disks(MachineCounters before, MachineCounters now, TimeSpan elapsed) =>
        now.Disks.Join(
            before.Disks,
            disk => disk.Disk,
            disk => disk.Disk,
            (disk, old) =>
                (
                    disk.Disk,
                    new Usage(
                        null,
                        null,
                        Rate(old.ReadBytes, disk.ReadBytes, elapsed),
                        Rate(old.WrittenBytes, disk.WrittenBytes, elapsed),
                        Rate(old.Reads, disk.Reads, elapsed),
                        Rate(old.Writes, disk.Writes, elapsed),
                        null,
                        null
                    )
                ),
            StringComparer.Ordinal
        );

    /// <summary>A counter that is lower than it was began anew at zero in between.</summary>
    private static float Rate(long before, long now, TimeSpan elapsed) =>
        (float)((now >= before ? now - before : now) / elapsed.TotalSeconds);
}
