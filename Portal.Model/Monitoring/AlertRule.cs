using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Monitoring;

public enum AlertSide
{
    Above,
    Below,
}

/// <summary>
/// Tells somebody when a metric has been beyond a threshold for so many minutes, and again when it has been back for as long: so a metric
/// that crosses to and fro within that time tells once.
/// </summary>
public sealed class AlertRule : IOwned
{
    public const int MaxMinutes = 24 * 60;

    /// <summary><c>alarm-…</c>, as CloudWatch calls them.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string ResourceId { get; init; }

    /// <summary>That of the resource: the worker that measures it looks at its alerts.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public Metric Metric { get; private set; }

    public AlertSide Side { get; private set; }

    /// <summary>In the metric's unit: percent, bytes per second or operations per second.</summary>
    public double Threshold { get; private set; }

    public int Minutes { get; private set; }

    /// <summary>Who gets the mail: somebody of the account, at the address that he has confirmed.</summary>
    public Guid UserId { get; private set; }

    /// <summary>Since when it fires; null while all is well.</summary>
    public DateTimeOffset? FiringSince { get; private set; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>E.g. <c>CPU above 80 % for 5 minutes</c>.</summary>
    public string Sentence =>
        $"{Metric.Label()} {(Side is AlertSide.Above ? "above" : "below")} {Metric.Quantity(Threshold)} for {(Minutes == 1 ? "a minute" : $"{Minutes} minutes")}";

    /// <summary>A new rule begins anew: what fired by the old one is forgotten.</summary>
    public void Set(AlertWish wish) =>
        (Metric, Side, Threshold, Minutes, UserId, FiringSince) = (wish.Metric, wish.Side, wish.Threshold, wish.Minutes, wish.UserId, null);

    public bool Says(AlertWish wish) =>
        (Metric, Side, Threshold, Minutes, UserId) == (wish.Metric, wish.Side, wish.Threshold, wish.Minutes, wish.UserId);

    /// <summary>Writes down what the last <see cref="Minutes"/> said.</summary>
    /// <param name="measured">
    /// How many of them were measured; <paramref name="beyond"/> how many of those were beyond the threshold.
    /// </param>
    /// <returns>Whether that changes anything: it begins to fire, or it is over.</returns>
    public bool Observe(int measured, int beyond, DateTimeOffset at)
    {
        var fires = measured >= Minutes && beyond == measured;
        var isOver = measured >= Minutes && beyond == 0;
        if (FiringSince is null ? !fires : !isOver)
        {
            return false;
        }

        FiringSince = fires ? at : null;
        return true;
    }

    /// <summary>What it watched is measured no longer. True if it was firing.</summary>
    public bool ObserveNothing()
    {
        var wasFiring = FiringSince is not null;
        FiringSince = null;
        return wasFiring;
    }
}

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
/// <param name="Threshold">In the metric's unit.</param>
public sealed record AlertWish(Metric Metric, AlertSide Side, double Threshold, int Minutes, Guid UserId)
{
    /// <summary>What can be said of it without looking anything up.</summary>
    public Outcome Check(string resourceId) =>
        this switch
        {
            _ when !Metrics.Of(resourceId).Contains(Metric) => Refusal.Invalid("That is not measured here."),
            { Minutes: < 1 or > AlertRule.MaxMinutes } => Refusal.Invalid($"From 1 to {AlertRule.MaxMinutes:N0} minutes are possible."),
            _ when !double.IsFinite(Threshold) || Threshold < 0 => Refusal.Invalid("The threshold is a number, zero or more."),
            _ when Metric.Unit() is MetricUnit.Percent && Threshold > 100 => Refusal.Invalid("A percentage is at most 100."),
            _ => Outcome.Done,
        };
}
