using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Compute;

/// <summary>A size that an instance could have: what a month of running costs, and why it cannot have it, if so. US dollars.</summary>
public sealed record ResizeOffer(InstanceSize Size, decimal PerMonth, decimal MonthEnd, string? WhyNot)
{
    /// <summary>All sizes, and what the month's bill will be if the instance stays stopped.</summary>
    public static async Task<(IReadOnlyList<ResizeOffer> Offers, decimal MonthEnd)> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        Instance instance,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var forecast = await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct);
        var region = await db.Regions.AsNoTracking().SingleAsync(region => region.Id == instance.RegionId, ct);
        var free = await FreeCapacity.OfAsync(db, region, ct);
        var sizes = await db.InstanceSizes.AsNoTracking().OrderBy(size => size.Position).ToListAsync(ct);
        return (
            [
                .. sizes.Select(size => new ResizeOffer(
                    size,
                    ResourceCost.MonthOf([new Addition(size.Id, size.Sku, 1)], prices, now),
                    forecast.MonthEndWith([new Addition(instance.Id, size.Sku, 1)]),
                    size.Id == instance.SizeId ? null : instance.WhyNotResizeTo(size) ?? free.WhyNotResize(instance, size)
                )),
            ],
            forecast.AtMonthEnd.Total
        );
    }
}
