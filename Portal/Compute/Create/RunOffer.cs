using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>What running costs an instance that does not run; US dollars.</summary>
public sealed record RunOffer(decimal PerMonth, decimal MonthEnd, decimal MonthEndWith)
{
    /// <summary>As a sentence.</summary>
    public string Sentence =>
        $"Computing is billed while it runs, at {Format.Money(PerMonth)} a month. This month's bill: {Format.Money(MonthEnd)} → {Format.Money(MonthEndWith)}, if it runs on.";

    public static async Task<RunOffer> LoadAsync(
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
        var size = await db.InstanceSizes.AsNoTracking().SingleAsync(size => size.Id == instance.SizeId, ct);
        Addition[] running = [new(instance.Id, size.Sku, 1)];
        return new RunOffer(ResourceCost.MonthOf(running, prices, now), forecast.AtMonthEnd.Total, forecast.MonthEndWith(running));
    }
}
