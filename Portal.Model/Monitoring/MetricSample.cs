using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Monitoring;

/// <summary>
/// What one instance or volume used in one stretch of time: an average over it. What was not measured is null, and where nothing was
/// measured there is no row. Rows of three resolutions, in one table, are kept for different times: see <see cref="MetricResolution"/>.
/// </summary>
public sealed class MetricSample : IOwned
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string ResourceId { get; init; }

    /// <summary>Length of the stretch in minutes.</summary>
    public required short Resolution { get; init; }

    /// <summary>Its beginning, a whole multiple of the resolution.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Percent of all the instance's processors.</summary>
    public float? Cpu { get; init; }

    /// <summary>Percent of its memory that the guest says it uses.</summary>
    public float? Memory { get; init; }

    /// <summary>Bytes per second.</summary>
    public float? DiskRead { get; init; }

    public float? DiskWrite { get; init; }

    /// <summary>Operations per second.</summary>
    public float? DiskReads { get; init; }

    public float? DiskWrites { get; init; }

    /// <summary>Bytes per second.</summary>
    public float? NetworkIn { get; init; }

    public float? NetworkOut { get; init; }
}

/// <summary>How fine samples are, and for how long they are kept.</summary>
public sealed record MetricResolution(short Minutes, TimeSpan Kept)
{
    /// <summary>As measured. A little longer than a day, so that a chart of a day has no ragged beginning.</summary>
    public static readonly MetricResolution Minute = new(1, TimeSpan.FromHours(25));

    public static readonly MetricResolution FiveMinutes = new(5, TimeSpan.FromDays(31));

    public static readonly MetricResolution Hour = new(60, TimeSpan.FromDays(366));

    public static readonly IReadOnlyList<MetricResolution> All = [Minute, FiveMinutes, Hour];

    public TimeSpan Length => TimeSpan.FromMinutes(Minutes);

    /// <summary>The beginning of the stretch in which <paramref name="at"/> lies.</summary>
    public DateTimeOffset StartOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % Length.Ticks), TimeSpan.Zero);
}
