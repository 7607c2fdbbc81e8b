using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Volumes;

/// <summary>What the page of one volume shows.</summary>
/// <param name="Instances">Those that it could be given to.</param>
/// <param name="SnapshotPerMonth">US dollars for a snapshot that stores as much as the volume can.</param>
public sealed record VolumeView(
    Volume Volume,
    Region Region,
    ResourceCost? Cost,
    Forecast Forecast,
    IReadOnlyList<Instance> Instances,
    IReadOnlyList<SnapshotLine> Snapshots,
    IReadOnlyList<AuditEntry> Events,
    decimal SnapshotPerMonth
)
{
    private const int MaxEvents = 200;

    /// <summary>Loaded for the tab that shows them.</summary>
    public BackupView? Backups { get; init; }

    /// <summary>US dollars at the month's end if it had so many GiB.</summary>
    public decimal MonthEndWith(int sizeGiB) =>
        Forecast.MonthEndWith([new Addition(Volume.Id, Volume.Type.Sku, Math.Max(0, sizeGiB - Volume.MadeGiB))]);

    /// <summary>US dollars at the month's end if it were deleted now.</summary>
    public decimal MonthEndWithout => Forecast.MonthEndWithout(span => span.ResourceId == Volume.Id);

    /// <summary>Null if the account has no such volume.</summary>
    public static async Task<VolumeView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string id,
        string tab,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var volume = await db
            .Volumes.AsNoTracking()
            .Include(volume => volume.Type)
            .Include(volume => volume.Image)
            .Include(volume => volume.Instance)
            .FirstOrDefaultAsync(volume => volume.AccountId == actor.AccountId && volume.Id == id, ct);
        return volume is null
            ? null
            : new VolumeView(
                volume,
                await db.Regions.AsNoTracking().SingleAsync(region => region.Id == volume.RegionId, ct),
                await ResourceCost.OfAsync(db, prices, actor.AccountId, [id], now, ct),
                await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
                volume.WhyNotAttach is not null
                    ? []
                    : await db
                        .Instances.AsNoTracking()
                        .Where(instance =>
                            instance.AccountId == actor.AccountId
                            && instance.RegionId == volume.RegionId
                            && instance.Goal != InstanceGoal.Terminated
                        )
                        .OrderBy(instance => instance.Name)
                        .ThenBy(instance => instance.Id)
                        .ToListAsync(ct),
                tab is not "snapshots" ? [] : await SnapshotQuery.OfVolumeAsync(db, actor.AccountId, id, now, ct),
                tab is not "events"
                    ? []
                    : await db
                        .AuditEntries.AsNoTracking()
                        .Where(row => row.AccountId == actor.AccountId && row.ResourceId == id)
                        .OrderByDescending(row => row.At)
                        .ThenByDescending(row => row.Id)
                        .Take(MaxEvents)
                        .ToListAsync(ct),
                ResourceCost.MonthOf([new Addition("new", Skus.Snapshot, volume.MadeGiB)], prices, now)
            )
            {
                Backups = tab is "snapshots" ? await BackupView.LoadAsync(dbs, priceList, actor, id, now, ct) : null,
            };
    }
}
