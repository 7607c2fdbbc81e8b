using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>What the page of one bucket shows of what Portal keeps; what is in the bucket is asked of the store.</summary>
public sealed record BucketView(Bucket Bucket, ResourceCost? Cost, decimal MonthEnd, ObjectStore? Store, IReadOnlyList<AuditEntry> Events)
{
    private const int MaxEvents = 200;

    /// <summary>Null if the account has no bucket of this name.</summary>
    public static async Task<BucketView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string name,
        bool events,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);

        // A name may have belonged to several, one after the other; the one that is there is meant, else the one that could not be made.
        var bucket = await db
            .Buckets.AsNoTracking()
            .Where(bucket => bucket.AccountId == actor.AccountId && bucket.Name == name && bucket.State != BucketState.Deleted)
            .OrderBy(bucket => bucket.State == BucketState.Failed)
            .ThenByDescending(bucket => bucket.CreatedAt)
            .FirstOrDefaultAsync(ct);
        if (bucket is null)
        {
            return null;
        }

        var forecast = await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct);
        return new BucketView(
            bucket,
            await ResourceCost.OfAsync(db, prices, actor.AccountId, [bucket.Id], now, ct),
            forecast.AtMonthEnd.Lines.Where(line => line.ResourceId == bucket.Id).Sum(line => line.Amount),
            await db.ObjectStores.AsNoTracking().FirstOrDefaultAsync(store => store.Id == bucket.RegionId, ct),
            !events
                ? []
                : await db
                    .AuditEntries.AsNoTracking()
                    .Where(row => row.AccountId == actor.AccountId && row.ResourceId == bucket.Id)
                    .OrderByDescending(row => row.At)
                    .ThenByDescending(row => row.Id)
                    .Take(MaxEvents)
                    .ToListAsync(ct)
        );
    }
}
