using System.Globalization;

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

    public static IReadOnlyList<Metric> Of(string resourceId) => IsVolume(resourceId) ? OfVolume : OfInstance;

    public static bool IsVolume(string resourceId) => resourceId.StartsWith("vol-", StringComparison.Ordinal);

    public static MetricUnit Unit(this Metric metric) =>
        metric switch
        {
            Metric.Cpu or Metric.Memory => MetricUnit.Percent,
            Metric.DiskReads or Metric.DiskWrites => MetricUnit.PerSecond,
            _ => MetricUnit.BytesPerSecond,
        };

    public static string Label(this Metric metric) =>
        metric switch
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

    /// <summary>A value in words: <c>80 %</c>, <c>1.5 MB/s</c>, <c>200 per second</c>.</summary>
    public static string Quantity(this Metric metric, double value) => metric.Unit().Quantity(value);

    public static string Quantity(this MetricUnit unit, double value) =>
        unit switch
        {
            MetricUnit.Percent => string.Create(CultureInfo.InvariantCulture, $"{value:0.#} %"),
            MetricUnit.PerSecond => string.Create(CultureInfo.InvariantCulture, $"{value:#,##0.#} per second"),
            _ => value switch
            {
                >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.##} GB/s"),
                >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.##} MB/s"),
                >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.##} kB/s"),
                _ => string.Create(CultureInfo.InvariantCulture, $"{value:0} B/s"),
            },
        };
}
