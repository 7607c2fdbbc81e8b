namespace Portal.Model.Monitoring;

/// <summary>What is measured. A column of <see cref="MetricSample"/> each.</summary>
public enum Metric
{
    Cpu,
    Memory,
    DiskRead,
    DiskWrite,
    DiskReads,
    DiskWrites,
    NetworkIn,
    NetworkOut,
}

public enum MetricUnit
{
    Percent,
    BytesPerSecond,
    PerSecond,
}

public static class Metrics
{
    /// <summary>What a volume is measured by; an instance by all.</summary>
    public static readonly IReadOnlyList<Metric> OfVolume = [Metric.DiskRead, Metric.DiskWrite, Metric.DiskReads, Metric.DiskWrites];

    public static readonly IReadOnlyList<Metric> OfInstance = Enum.GetValues<Metric>();

    public static IReadOnlyList<Metric> Of(string resourceId) => resourceId.StartsWith("vol-", StringComparison.Ordinal) ? OfVolume : OfInstance;

    public static MetricUnit Unit(this Metric metric) => metric switch
    {
        Metric.Cpu or Metric.Memory => MetricUnit.Percent,
        Metric.DiskReads or Metric.DiskWrites => MetricUnit.PerSecond,
        _ => MetricUnit.BytesPerSecond,
    };

    public static string Label(this Metric metric) => metric switch
    {
        Metric.Cpu => "CPU",
        Metric.Memory => "Memory",
        Metric.DiskRead => "Disk read",
        Metric.DiskWrite => "Disk written",
        Metric.DiskReads => "Disk read operations",
        Metric.DiskWrites => "Disk write operations",
        Metric.NetworkIn => "Network received",
        _ => "Network sent",
    };
}
