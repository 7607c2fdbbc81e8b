using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Compute;

/// <summary>What the page of one of the account's images shows.</summary>
/// <param name="Used">How many instances that are not terminated have a root disk that began as it.</param>
public sealed record PrivateImageView(
    PrivateImage Image,
    Region Region,
    ResourceCost? Cost,
    Forecast Forecast,
    int Used,
    IReadOnlyList<AuditEntry> Events
)
{
    private const int MaxEvents = 200;

    /// <summary>US dollars at the month's end if it were deleted now.</summary>
    public decimal MonthEndWithout => Forecast.MonthEndWithout(span => span.ResourceId == Image.SnapshotId);

    /// <summary>Null if the account has no such image.</summary>
    public static async Task<PrivateImageView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string id,
        bool events,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var image = await db
            .PrivateImages.AsNoTracking()
            .Include(image => image.Snapshot)
            .Include(image => image.Base)
            .Include(image => image.Instance)
            .FirstOrDefaultAsync(image => image.AccountId == actor.AccountId && image.Id == id, ct);
        return image is null
            ? null
            : new PrivateImageView(
                image,
                await db.Regions.AsNoTracking().SingleAsync(region => region.Id == image.RegionId, ct),
                await ResourceCost.OfAsync(db, prices, actor.AccountId, [image.SnapshotId], now, ct),
                await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
                await db.Volumes.CountAsync(
                    volume => volume.AccountId == actor.AccountId && volume.SnapshotId == image.SnapshotId && volume.IsRoot,
                    ct
                ),
                !events
                    ? []
                    : await db
                        .AuditEntries.AsNoTracking()
                        .Where(row => row.AccountId == actor.AccountId && (row.ResourceId == id || row.ResourceId == image.SnapshotId))
                        .OrderByDescending(row => row.At)
                        .ThenByDescending(row => row.Id)
                        .Take(MaxEvents)
                        .ToListAsync(ct)
            );
    }
}
