namespace Portal.Model.Billing;

/// <summary>What one resource used of one SKU in a period.</summary>
/// <param name="UnitHours">Quantity × hours, e.g. GiB-hours.</param>
/// <param name="PriceTicks">Exact: US dollars per hour × ticks.</param>
public sealed record RatedLine(
    string ResourceId,
    string ResourceName,
    string Sku,
    decimal UnitHours,
    decimal PriceTicks,
    IReadOnlyList<UsageSpan> Spans
)
{
    /// <summary>US dollars, not rounded.</summary>
    public decimal Amount => PriceTicks / TimeSpan.TicksPerHour;
}

/// <summary>
/// A line of an invoice: all that an account used of one SKU, rounded once to cents, half to even. Not by resource: many small ones, each
/// less than half a cent, would cost nothing.
/// </summary>
/// <param name="FreeUnitHours">How much of it the price list gives for nothing.</param>
/// <param name="Gross">US dollars if it did not.</param>
public sealed record InvoiceLine(string Sku, decimal UnitHours, decimal FreeUnitHours, decimal Gross, decimal Amount);

/// <param name="Free">Unit-hours of a SKU that cost nothing, for all lines together.</param>
public sealed record Rated(IReadOnlyList<RatedLine> Lines, IReadOnlyDictionary<string, decimal> Free)
{
    /// <summary>By SKU.</summary>
    public IReadOnlyList<InvoiceLine> Invoice { get; } =
    [
        .. Lines
            .GroupBy(line => line.Sku, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Line(group, Free.GetValueOrDefault(group.Key))),
    ];

    public decimal Total => Invoice.Sum(line => line.Amount);

    /// <summary>
    /// As if nothing were free: for a single resource, since which of an account's resources the free part fell to nobody can say.
    /// </summary>
    public decimal Gross => Invoice.Sum(line => line.Gross);

    /// <summary>
    /// Where a price changed within the period, the free part is that much of all that was used, dear and cheap alike: so its order does
    /// not matter.
    /// </summary>
    private static InvoiceLine Line(IGrouping<string, RatedLine> lines, decimal free)
    {
        var (units, exact) = (lines.Sum(line => line.UnitHours), lines.Sum(line => line.PriceTicks) / TimeSpan.TicksPerHour);
        free = Math.Min(units, free);
        return new InvoiceLine(lines.Key, units, free, ToCents(exact), ToCents(free == 0 ? exact : exact * (1 - (free / units))));
    }

    private static decimal ToCents(decimal dollars) => Math.Round(dollars, 2, MidpointRounding.ToEven);
}

/// <summary>
/// The one function that turns usage into money; preview, invoice and audit all call it. Sums are exact (ticks and decimals) and each
/// line of the invoice is divided and rounded once, so that splitting, merging or reordering spans changes nothing.
/// </summary>
public static class Rating
{
    /// <summary>Rates what lies in [from, to). A span that is still open counts up to <paramref name="to"/>.</summary>
    public static Rated Rate(IEnumerable<UsageSpan> spans, IEnumerable<Price> prices, DateTimeOffset from, DateTimeOffset to)
    {
        var bySku = prices
            .GroupBy(price => price.Sku, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.OrderBy(price => price.From).ToArray(), StringComparer.Ordinal);
        var lines = spans
            .Where(span => span.From < to && (span.To ?? to) > from)
            .GroupBy(span => (span.ResourceId, span.Sku))
            .Select(group => Line(group.Key.ResourceId, group.Key.Sku, [.. group.OrderBy(span => span.From)], bySku, from, to))
            .OrderBy(line => line.ResourceName, StringComparer.Ordinal)
            .ThenBy(line => line.ResourceId, StringComparer.Ordinal)
            .ThenBy(line => line.Sku, StringComparer.Ordinal);
        return new Rated(
            [.. lines],
            bySku.ToDictionary(sku => sku.Key, sku => FreeUnitHours(sku.Key, sku.Value, from), StringComparer.Ordinal)
        );
    }

    /// <summary>
    /// What is free in the calendar month in which the period begins, by the price that holds then; a part of a month has all of it.
    /// </summary>
    private static decimal FreeUnitHours(string sku, Price[] prices, DateTimeOffset from)
    {
        var price = prices.LastOrDefault(price => price.From <= from) ?? prices[0];
        return price.Free * (Skus.IsCounted(sku) ? 1 : DateTime.DaysInMonth(from.UtcDateTime.Year, from.UtcDateTime.Month) * 24);
    }

    private static RatedLine Line(
        string resourceId,
        string sku,
        UsageSpan[] spans,
        Dictionary<string, Price[]> bySku,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        var prices = bySku.TryGetValue(sku, out var found) ? found : throw new InvalidOperationException($"No price for {sku}.");
        decimal unitTicks = 0,
            priceTicks = 0;
        foreach (var span in spans)
        {
            var start = Max(span.From, from);
            var end = Min(span.To ?? to, to);
            unitTicks += span.Quantity * (end - start).Ticks;
            priceTicks += span.Quantity * PriceTicks(prices, start, end);
        }

        return new RatedLine(resourceId, spans[^1].ResourceName, sku, unitTicks / TimeSpan.TicksPerHour, priceTicks, spans);
    }

    /// <summary>Sum of price × ticks over [start, end), through every change of price in between.</summary>
    private static decimal PriceTicks(Price[] prices, DateTimeOffset start, DateTimeOffset end)
    {
        decimal sum = 0;
        for (var i = 0; i < prices.Length; i++)
        {
            var begins = i == 0 ? start : Max(prices[i].From, start);
            var ends = i + 1 < prices.Length ? Min(prices[i + 1].From, end) : end;
            if (begins < ends)
            {
                sum += prices[i].PerHour * (ends - begins).Ticks;
            }
        }

        return sum;
    }

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
