using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

/// <summary>What the page of a new volume offers one account at one moment, and what it would cost.</summary>
public sealed class VolumeOffers
{
    public required IReadOnlyList<OfferedType> Types { get; init; }

    /// <summary>Those that it could be given to.</summary>
    public required IReadOnlyList<Instance> Instances { get; init; }

    /// <summary>Those that it could be made from, the newest first.</summary>
    public required IReadOnlyList<Snapshot> Snapshots { get; init; }

    public required IReadOnlyDictionary<string, FreeCapacity> Free { get; init; }

    /// <summary>The region of a volume that no instance is to have.</summary>
    public required string? HomeRegion { get; init; }

    public required IReadOnlyList<Price> Prices { get; init; }

    public required Forecast Forecast { get; init; }

    public required bool Confirmed { get; init; }

    public required Refusal? WhyNoBilling { get; init; }

    public static async Task<VolumeOffers> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var free = new Dictionary<string, FreeCapacity>(StringComparer.Ordinal);
        foreach (var region in await db.Regions.AsNoTracking().ToListAsync(ct))
        {
            free[region.Id] = await FreeCapacity.OfAsync(db, region, ct);
        }

        return new VolumeOffers
        {
            Types = await OfferedType.LoadAsync(db, prices, now, ct),
            Instances = await db
                .Instances.AsNoTracking()
                .Where(instance => instance.AccountId == actor.AccountId && instance.Goal != InstanceGoal.Terminated)
                .OrderBy(instance => instance.Name)
                .ThenBy(instance => instance.Id)
                .ToListAsync(ct),
            Snapshots = await db
                .Snapshots.AsNoTracking()
                .Where(snapshot =>
                    snapshot.AccountId == actor.AccountId && snapshot.State == SnapshotState.Completed && !snapshot.IsDeleting
                )
                .OrderByDescending(snapshot => snapshot.CreatedAt)
                .ThenBy(snapshot => snapshot.Id)
                .ToListAsync(ct),
            Free = free,
            HomeRegion = await db
                .Networks.Where(network => network.AccountId == actor.AccountId)
                .OrderBy(network => network.CreatedAt)
                .Select(network => network.RegionId)
                .FirstOrDefaultAsync(ct),
            Prices = prices,
            Forecast = await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
            Confirmed = await db.Users.AnyAsync(
                user => user.Id == actor.UserId && user.AccountId == actor.AccountId && user.EmailConfirmed,
                ct
            ),
            WhyNoBilling = await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct),
        };
    }

    public decimal PerMonth(OfferedType type, int gib) => ResourceCost.MonthOf(Parts(type, gib), Prices, Forecast.Now);

    /// <summary>What the month's bill would end at.</summary>
    public decimal MonthEndWith(OfferedType type, int gib) => Forecast.MonthEndWith(Parts(type, gib));

    public string? WhyNot(string? regionId, int gib) =>
        regionId is not null && Free.TryGetValue(regionId, out var free) ? free.WhyNotGiB(gib) : null;

    private static IEnumerable<Addition> Parts(OfferedType type, int gib) => [new("new", type.Type.Sku, gib)];
}
