using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// What an account has used and not paid for, as it was last reckoned from the ledger by <see cref="Rating"/>, and how fast that grows. A
/// row of its own: a create asks for it and must not read a ledger that grows, and the account's row must not change with each reckoning.
/// </summary>
public sealed class UnpaidUse : IOwned
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>US dollars, all months together.</summary>
    public decimal Amount { get; private set; }

    /// <summary>US dollars an hour of what goes on.</summary>
    public decimal PerHour { get; private set; }

    public DateTimeOffset At { get; private set; }

    /// <summary>What the months before <see cref="SettledTo"/> come to: they do not change any more and are not read again.</summary>
    public decimal Settled { get; private set; }

    public DateTimeOffset? SettledTo { get; private set; }

    /// <summary>What left its buckets in the month of <see cref="At"/>.</summary>
    public decimal DownloadGiB { get; private set; }

    /// <summary>When it is reckoned again if nothing begins before.</summary>
    public DateTimeOffset DueAt { get; set; }

    public decimal AmountAt(DateTimeOffset now) => now <= At ? Amount : Amount + (PerHour * (decimal)(now - At).TotalHours);

    /// <summary>Reckons anew. Late facts may still come into the month before, so only what lies before that is settled.</summary>
    public async Task ReckonAsync(PortalDb db, IReadOnlyList<Price> prices, DateTimeOffset now, CancellationToken ct)
    {
        var spans = await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.AccountId == AccountId && (SettledTo == null || span.To == null || span.To > SettledTo))
            .ToListAsync(ct);
        var current = Forecast.StartOfMonth(now);
        var (month, open) = (SettledTo ?? Forecast.StartOfMonth(spans.Count == 0 ? now : spans.Min(span => span.From)), 0m);
        for (; month <= now; month = month.AddMonths(1))
        {
            var end = month.AddMonths(1);
            var amount = Rating.Rate(spans, prices, month, end < now ? end : now).Total;
            if (end < current)
            {
                (Settled, SettledTo) = (Settled + amount, end);
            }
            else
            {
                open += amount;
            }
        }

        var perMonth = ResourceCost.MonthOf(
            spans.Where(span => span.To is null).Select(span => new Addition(span.ResourceId, span.Sku, span.Quantity)),
            prices,
            now
        );
        (Amount, PerHour, At) = (Settled + open, perMonth / Skus.HoursPerMonth, now);
        DownloadGiB = Rating
            .Rate(spans.Where(span => span.Sku == Skus.BucketOut), prices, current, current.AddMonths(1))
            .Lines.Sum(line => line.UnitHours);
    }
}

public enum LimitKind
{
    Unpaid,
    Downloads,
}

/// <summary>A mail about a limit was written: each once for a month and a limit.</summary>
public sealed class LimitNotice : IOwned
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required LimitKind Kind { get; init; }

    public required DateTimeOffset Month { get; init; }

    public required decimal Limit { get; init; }

    public required int Percent { get; init; }
}
