using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>What a resource, or several together, have cost since they began, and cost per month as they are now; US dollars.</summary>
/// <param name="SoFar">The sum of its lines on every month's bill, the current one included.</param>
/// <param name="PerMonth">
/// A month of <see cref="Skus.HoursPerMonth"/> hours at today's prices; zero when nothing of it is billed now.
/// </param>
public sealed record ResourceCost(decimal SoFar, decimal PerMonth)
{
    /// <summary>Null if nothing was ever billed for it. Starts from the account: another's resource has no cost here.</summary>
    public static async Task<ResourceCost?> OfAsync(
        PortalDb db,
        IReadOnlyList<Price> prices,
        string accountId,
        IReadOnlyCollection<string> resourceIds,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var spans = await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.AccountId == accountId && resourceIds.Contains(span.ResourceId))
            .ToListAsync(ct);
        return spans.Count == 0 ? null : Of(spans, prices, now);
    }

    public static ResourceCost Of(IReadOnlyList<UsageSpan> spans, IReadOnlyList<Price> prices, DateTimeOffset now)
    {
        decimal soFar = 0;
        for (var month = Forecast.StartOfMonth(spans.Min(span => span.From)); month < now; month = month.AddMonths(1))
        {
            var end = month.AddMonths(1) < now ? month.AddMonths(1) : now;
            soFar += Rating.Rate(spans, prices, month, end).Gross;
        }

        return new ResourceCost(
            soFar,
            MonthOf(
                spans.Where(span => span.To is null).Select(span => new Addition(span.ResourceId, span.Sku, span.Quantity)),
                prices,
                now
            )
        );
    }

    /// <summary>
    /// US dollars for a month of <see cref="Skus.HoursPerMonth"/> hours of <paramref name="parts"/>, at the prices that hold now.
    /// </summary>
    public static decimal MonthOf(IEnumerable<Addition> parts, IReadOnlyList<Price> prices, DateTimeOffset now)
    {
        var current = prices
            .Where(price => price.From <= now)
            .GroupBy(price => price.Sku, StringComparer.Ordinal)
            .Select(group => group.MaxBy(price => price.From)!)
            .ToList();
        var spans = parts.Select(part => new UsageSpan
        {
            AccountId = "",
            ResourceId = part.ResourceId,
            ResourceName = part.ResourceId,
            Sku = part.Sku,
            Quantity = part.Quantity,
            From = now,
        });
        return Rating.Rate(spans, current, now, now.AddHours(Skus.HoursPerMonth)).Gross;
    }
}
