using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Compute;

/// <summary>What an instance can be rebuilt from and with.</summary>
/// <param name="Kept">The root disk, if it stays as a volume instead of being deleted, and what it then costs a month; US dollars.</param>
public sealed record RebuildOffer(
    IReadOnlyList<(Image Image, string? WhyNot)> Images,
    IReadOnlyList<(PrivateImage Image, string? WhyNot)> Own,
    IReadOnlyList<KeyPair> Keys,
    (Volume Volume, decimal PerMonth)? Kept
)
{
    /// <summary>What its disk began as: of one of the account's own the id of that. Null for what is no longer there.</summary>
    public string? NowId { get; private init; }

    private bool IsEmulated { get; init; }

    /// <summary>What an image is, and where that is so, that it takes its time.</summary>
    public string About(Image image) => Catalogue.About(image, Images.Select(one => one.Image), IsEmulated);

    /// <summary>What is chosen until something else is: the same as now, or the first that can be had.</summary>
    public string? DefaultId =>
        Choices()
            .Where(choice => choice.WhyNot is null)
            .OrderByDescending(choice => choice.Id == NowId)
            .Select(choice => choice.Id)
            .FirstOrDefault();

    private IEnumerable<(string Id, string? WhyNot)> Choices() =>
        Images.Select(one => (one.Image.Id, one.WhyNot)).Concat(Own.Select(one => (one.Image.Id, one.WhyNot)));

    public static async Task<RebuildOffer> LoadAsync(
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
        var images = await db
            .Images.AsNoTracking()
            .Where(image => image.RegionId == instance.RegionId && (image.State != ImageState.Retired || image.Id == instance.ImageId))
            .OrderBy(image => image.CreatedAt)
            .ThenBy(image => image.Name)
            .ToListAsync(ct);
        var own = await Catalogue.OwnAsync(db, actor, ct);
        var began = instance.Volumes.SingleOrDefault(volume => volume.IsRoot)?.SnapshotId;
        var root = instance.Volumes.SingleOrDefault(volume => volume is { IsRoot: true, DeleteOnTermination: false });
        return new RebuildOffer(
            [.. images.Select(image => (image, instance.WhyNotRebuildFrom(image)))],
            [.. own.Select(image => (image, instance.WhyNotRebuildFrom(image)))],
            await db.KeyPairs.AsNoTracking().Where(key => key.AccountId == actor.AccountId).OrderBy(key => key.Name).ToListAsync(ct),
            root is null ? null : (root, ResourceCost.MonthOf([new Addition(root.Id, Skus.Volume(root.TypeId), root.MadeGiB)], prices, now))
        )
        {
            IsEmulated = (await db.Regions.AsNoTracking().SingleAsync(region => region.Id == instance.RegionId, ct)).IsEmulated,
            NowId = began is null ? instance.ImageId : own.Find(image => image.SnapshotId == began)?.Id,
        };
    }
}
