using System.Globalization;
using Portal.Model.Monitoring;

namespace Portal.Monitoring;

/// <summary>An alert as it is being written, in the units in which people write: percent, MB a second, operations a second.</summary>
public sealed class AlertForm
{
    private const double Mega = 1_000_000;

    /// <summary>The rule that is being changed; null for a new one.</summary>
    public string? Id { get; init; }

    public Metric Metric { get; set; } = Metric.Cpu;

    public AlertSide Side { get; set; } = AlertSide.Above;

    public string Threshold { get; set; } = "80";

    public string Minutes { get; set; } = "5";

    public Guid UserId { get; set; }

    public string Unit =>
        Metric.Unit() switch
        {
            MetricUnit.Percent => "percent",
            MetricUnit.BytesPerSecond => "MB per second",
            _ => "operations per second",
        };

    public static AlertForm Of(AlertRule rule) =>
        new()
        {
            Id = rule.Id,
            Metric = rule.Metric,
            Side = rule.Side,
            Threshold = (rule.Threshold / Scale(rule.Metric)).ToString(CultureInfo.InvariantCulture),
            Minutes = rule.Minutes.ToString(CultureInfo.InvariantCulture),
            UserId = rule.UserId,
        };

    /// <summary>What is no number becomes one that is refused with a sentence.</summary>
    public AlertWish ToWish() =>
        new(
            Metric,
            Side,
            double.TryParse(Threshold, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold)
                ? threshold * Scale(Metric)
                : double.NaN,
            int.TryParse(Minutes, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ? minutes : 0,
            UserId
        );

    private static double Scale(Metric metric) => metric.Unit() is MetricUnit.BytesPerSecond ? Mega : 1;
}
