using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Monitoring;

/// <summary>A stretch of time that a chart shows, up to now.</summary>
/// <param name="Id">As it stands in the address.</param>
/// <param name="Step">Between two of its points, a multiple of the resolution: so many that the eye tells them apart.</param>
public sealed record MetricRange(string Id, string Label, TimeSpan Length, MetricResolution Resolution, TimeSpan Step)
{
    public static readonly IReadOnlyList<MetricRange> All =
    [
        new("1h", "Last hour", TimeSpan.FromHours(1), MetricResolution.Minute, TimeSpan.FromMinutes(1)),
        new("6h", "6 hours", TimeSpan.FromHours(6), MetricResolution.Minute, TimeSpan.FromMinutes(1)),
        new("24h", "Day", TimeSpan.FromDays(1), MetricResolution.FiveMinutes, TimeSpan.FromMinutes(5)),
        new("7d", "Week", TimeSpan.FromDays(7), MetricResolution.FiveMinutes, TimeSpan.FromMinutes(30)),
        new("30d", "Month", TimeSpan.FromDays(30), MetricResolution.Hour, TimeSpan.FromHours(1)),
        new("1y", "Year", TimeSpan.FromDays(365), MetricResolution.Hour, TimeSpan.FromHours(12)),
    ];

    /// <summary>The last hour for what is none of these.</summary>
    public static MetricRange Of(string? id) => All.FirstOrDefault(range => range.Id == id) ?? All[0];

    /// <summary>The end of the last step that has begun, and the beginning of the first that is shown.</summary>
    public DateTimeOffset End(DateTimeOffset now) => new(now.UtcTicks - (now.UtcTicks % Step.Ticks) + Step.Ticks, TimeSpan.Zero);

    public DateTimeOffset Start(DateTimeOffset now) => End(now) - Length;

    /// <summary>
    /// What was measured of one resource of the account, in the order of time; where nothing was there is no point. One query.
    /// </summary>
    public async Task<IReadOnlyList<MetricPoint>> LoadAsync(
        PortalDb db,
        string accountId,
        string resourceId,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        await db
            .Database.SqlQuery<MetricPoint>(
                $"""
                SELECT date_bin({Step}, "At", TIMESTAMPTZ '0001-01-01 00:00:00Z') AS "At", avg("Cpu")::real AS "Cpu", avg("Memory")::real AS "Memory",
                    avg("DiskRead")::real AS "DiskRead", avg("DiskWrite")::real AS "DiskWrite", avg("DiskReads")::real AS "DiskReads", avg("DiskWrites")::real AS "DiskWrites",
                    avg("NetworkIn")::real AS "NetworkIn", avg("NetworkOut")::real AS "NetworkOut"
                FROM "MetricSamples"
                WHERE "AccountId" = {accountId} AND "ResourceId" = {resourceId} AND "Resolution" = {Resolution.Minutes} AND "At" >= {Start(
                    now
                )} AND "At" < {End(now)}
                GROUP BY 1 ORDER BY 1
                """
            )
            .ToListAsync(ct);
}

/// <summary>Averages over one step of a <see cref="MetricRange"/>, in the units of <see cref="MetricSample"/>.</summary>
public sealed record MetricPoint(
    DateTimeOffset At,
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
    public float? this[Metric metric] =>
        metric switch
        {
            Metric.Cpu => Cpu,
            Metric.Memory => Memory,
            Metric.DiskRead => DiskRead,
            Metric.DiskWrite => DiskWrite,
            Metric.DiskReads => DiskReads,
            Metric.DiskWrites => DiskWrites,
            Metric.NetworkIn => NetworkIn,
            _ => NetworkOut,
        };
}
