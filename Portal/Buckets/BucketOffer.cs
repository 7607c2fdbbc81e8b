using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// What the create page tells one account at one moment: what buckets cost, and what stands in the way of a new one. US dollars.
/// </summary>
public sealed record BucketOffer
{
    public required string Endpoint { get; init; }

    public required string? WhyNoStore { get; init; }

    public required decimal StoredPerMonth { get; init; }

    public required decimal StoredFree { get; init; }

    public required decimal Out { get; init; }

    public required decimal OutFree { get; init; }

    public required decimal Writes { get; init; }

    public required decimal WritesFree { get; init; }

    public required decimal Reads { get; init; }

    public required decimal ReadsFree { get; init; }

    public required decimal MonthEnd { get; init; }

    public required bool Confirmed { get; init; }

    public required Refusal? WhyNoBilling { get; init; }

    public static async Task<BucketOffer> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        Price? PriceOf(string sku) => prices.Where(price => price.Sku == sku && price.From <= now).MaxBy(price => price.From);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var store = await db.ObjectStores.AsNoTracking().OrderBy(store => store.Id).FirstOrDefaultAsync(ct);
        return new BucketOffer
        {
            Endpoint = store?.Endpoint ?? "",
            WhyNoStore = store is null ? "There are no buckets in this region." : store.WhyNot,
            StoredPerMonth = (PriceOf(Skus.BucketStorage)?.PerHour ?? 0) * Skus.HoursPerMonth,
            StoredFree = PriceOf(Skus.BucketStorage)?.Free ?? 0,
            Out = PriceOf(Skus.BucketOut)?.PerHour ?? 0,
            OutFree = PriceOf(Skus.BucketOut)?.Free ?? 0,
            Writes = PriceOf(Skus.BucketWrites)?.PerHour ?? 0,
            WritesFree = PriceOf(Skus.BucketWrites)?.Free ?? 0,
            Reads = PriceOf(Skus.BucketReads)?.PerHour ?? 0,
            ReadsFree = PriceOf(Skus.BucketReads)?.Free ?? 0,
            MonthEnd = (await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct)).AtMonthEnd.Total,
            Confirmed = await db.Users.AnyAsync(
                user => user.Id == actor.UserId && user.AccountId == actor.AccountId && user.EmailConfirmed,
                ct
            ),
            WhyNoBilling = await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct),
        };
    }
}
