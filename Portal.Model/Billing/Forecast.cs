using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>Something that would begin to cost now: e.g. one more <c>instance.t1.nano</c>, or 8 GiB of <c>disk</c>.</summary>
/// <param name="ResourceId">Any text that tells one resource from another; each resource and SKU is a line.</param>
public sealed record Addition(string ResourceId, string Sku, decimal Quantity);

/// <summary>
/// A month's bill so far, at its end if everything goes on as now, and with hypothetical changes. All three come from
/// <see cref="Rating.Rate"/>, which also writes the invoice.
/// </summary>
public sealed class Forecast(IReadOnlyList<UsageSpan> spans, IReadOnlyList<Price> prices, DateTimeOffset now)
{
    public DateTimeOffset Now => now;

    /// <summary>The calendar month in UTC.</summary>
    public DateTimeOffset MonthStart { get; } = StartOfMonth(now);

    public DateTimeOffset MonthEnd => MonthStart.AddMonths(1);

    public Rated SoFar => field ??= Rating.Rate(spans, prices, MonthStart, now);

    /// <summary>What is running goes on until the month ends.</summary>
    public Rated AtMonthEnd => field ??= Rating.Rate(spans, prices, MonthStart, MonthEnd);

    /// <summary>What is billed at this moment.</summary>
    public IEnumerable<Addition> Going =>
        spans.Where(span => span.To is null).Select(span => new Addition(span.ResourceId, span.Sku, span.Quantity));

    /// <summary>US dollars per unit and hour at this moment; null for a SKU that has no price yet.</summary>
    public decimal? PriceOf(string sku) => prices.Where(price => price.Sku == sku && price.From <= now).MaxBy(price => price.From)?.PerHour;

    /// <summary>US dollars at the month's end if <paramref name="added"/> begins now.</summary>
    public decimal MonthEndWith(IEnumerable<Addition> added) =>
        Rating.Rate([.. spans, .. added.Select(Hypothetical)], prices, MonthStart, MonthEnd).Total;

    /// <summary>US dollars at the month's end if what <paramref name="ends"/> accepts stopped costing now.</summary>
    public decimal MonthEndWithout(Func<UsageSpan, bool> ends) =>
        Rating.Rate(spans.Select(span => span.To is null && ends(span) ? Ended(span) : span), prices, MonthStart, MonthEnd).Total;

    /// <summary>The account's bill of the month in which <paramref name="now"/> lies.</summary>
    public static async Task<Forecast> LoadAsync(
        PortalDb db,
        IReadOnlyList<Price> prices,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var start = StartOfMonth(now);
        var spans = await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.AccountId == accountId && (span.To == null || span.To > start) && span.From < start.AddMonths(1))
            .ToListAsync(ct);
        return new Forecast(spans, prices, now);
    }

    public static DateTimeOffset StartOfMonth(DateTimeOffset at) =>
        new(at.UtcDateTime.Year, at.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);

    private UsageSpan Hypothetical(Addition addition) =>
        new()
        {
            AccountId = "",
            ResourceId = addition.ResourceId,
            ResourceName = addition.ResourceId,
            Sku = addition.Sku,
            Quantity = addition.Quantity,
            From = now,
        };

    private UsageSpan Ended(UsageSpan span) =>
        new()
        {
            AccountId = span.AccountId,
            ResourceId = span.ResourceId,
            ResourceName = span.ResourceName,
            Sku = span.Sku,
            Quantity = span.Quantity,
            From = span.From,
            To = now,
        };
}
