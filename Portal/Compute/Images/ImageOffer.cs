using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Compute;

/// <summary>What an image of an instance would cost at most; US dollars.</summary>
/// <param name="SizeGiB">Its root disk's: what the image stores is no more.</param>
public sealed record ImageOffer(int SizeGiB, decimal PerMonth, decimal MonthEnd, decimal MonthEndWith)
{
    public static async Task<ImageOffer> LoadAsync(
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
        var size = instance.Volumes.FirstOrDefault(volume => volume.IsRoot)?.MadeGiB ?? 0;
        Addition[] image = [new("new", Skus.Snapshot, size)];
        return new ImageOffer(size, ResourceCost.MonthOf(image, prices, now), forecast.AtMonthEnd.Total, forecast.MonthEndWith(image));
    }
}
