using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Volumes;

/// <summary>What the page of one snapshot shows.</summary>
public sealed record SnapshotView(Snapshot Snapshot, Region Region, ResourceCost? Cost, Forecast Forecast, IReadOnlyList<AuditEntry> Events)
{
    private const int MaxEvents = 200;

    /// <summary>US dollars at the month's end if it were deleted now.</summary>
    public decimal MonthEndWithout => Forecast.MonthEndWithout(span => span.ResourceId == Snapshot.Id);

    /// <summary>Null if the account has no such snapshot.</summary>
    public static async Task<SnapshotView?> LoadAsync(
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
        var snapshot = await db
            .Snapshots.AsNoTracking()
            .Include(snapshot => snapshot.Volume)
            .Include(snapshot => snapshot.Image)
            .FirstOrDefaultAsync(snapshot => snapshot.AccountId == actor.AccountId && snapshot.Id == id, ct);
        return snapshot is null
            ? null
            : new SnapshotView(
                snapshot,
                await db.Regions.AsNoTracking().SingleAsync(region => region.Id == snapshot.RegionId, ct),
                await ResourceCost.OfAsync(db, prices, actor.AccountId, [id], now, ct),
                await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
                !events
                    ? []
                    : await db
                        .AuditEntries.AsNoTracking()
                        .Where(row => row.AccountId == actor.AccountId && row.ResourceId == id)
                        .OrderByDescending(row => row.At)
                        .ThenByDescending(row => row.Id)
                        .Take(MaxEvents)
                        .ToListAsync(ct)
            );
    }
}
