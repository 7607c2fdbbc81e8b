using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Storage;

namespace Portal.Compute;

/// <summary>What an instance can be rebuilt from and with.</summary>
/// <param name="Kept">The root disk, if it stays as a volume instead of being deleted, and what it then costs a month; US dollars.</param>
public sealed record RebuildOffer(IReadOnlyList<(Image Image, string? WhyNot)> Images, IReadOnlyList<KeyPair> Keys, (Volume Volume, decimal PerMonth)? Kept)
{
    public static async Task<RebuildOffer> LoadAsync(IDbContextFactory<PortalDb> dbs, PriceList priceList, Actor actor, Instance instance, DateTimeOffset now, CancellationToken ct)
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var images = await db.Images.AsNoTracking().Where(image => image.RegionId == instance.RegionId && (image.State != ImageState.Retired || image.Id == instance.ImageId))
            .OrderBy(image => image.CreatedAt).ThenBy(image => image.Name).ToListAsync(ct);
        var root = instance.Volumes.SingleOrDefault(volume => volume is { IsRoot: true, DeleteOnTermination: false });
        return new RebuildOffer(
            [.. images.Select(image => (image, instance.WhyNotRebuildFrom(image)))],
            await db.KeyPairs.AsNoTracking().Where(key => key.AccountId == actor.AccountId).OrderBy(key => key.Name).ToListAsync(ct),
            root is null ? null : (root, ResourceCost.MonthOf([new Addition(root.Id, Skus.Volume(root.TypeId), root.MadeGiB)], prices, now)));
    }
}
