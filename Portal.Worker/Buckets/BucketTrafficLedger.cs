using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;

namespace Portal.Worker.Buckets;

/// <summary>
/// Brings what the store counted into the ledger: one closed span for each bucket, SKU and hour. It is written as it is and not added to,
/// so that reading an hour again, or dying between reading and writing, changes nothing.
/// </summary>
public sealed class BucketTrafficLedger(IDbContextFactory<PortalDb> dbs, RegionName region, TimeProvider clock)
{
    /// <summary>An hour is read once more after it ended: the store writes its last minute down a little later.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromHours(1);

    /// <summary>How far a store that was never read is read back.</summary>
    private static readonly TimeSpan FirstReach = TimeSpan.FromHours(24);

    /// <summary>The store forgets this much later what is in the ledger.</summary>
    private static readonly TimeSpan Keep = TimeSpan.FromDays(31);

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <param name="lease">The context whose lease keeps other workers from doing the same.</param>
    public async Task RecordAsync(PortalDb lease, IObjectStore store, CancellationToken ct)
    {
        var asked = clock.GetUtcNow();
        var (through, now) = (
            await lease.ObjectStores.Where(row => row.Id == region.Id).Select(row => row.MeteredThrough).SingleAsync(ct),
            HourOf(asked)
        );
        var since = through - Overlap ?? now - FirstReach;
        var counts = (await store.TrafficAsync(since, ct))
            .Where(count => count.Hour >= since)
            .GroupBy(count => (count.UserId, count.Bucket, count.Hour))
            .Select(group => new BucketTraffic(
                group.Key.UserId,
                group.Key.Bucket,
                group.Key.Hour,
                group.Sum(count => count.BytesOut),
                group.Sum(count => count.Writes),
                group.Sum(count => count.Reads)
            ))
            .ToList();
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await WriteAsync(db, counts, since, ct);
        await db.SaveChangesAsync(ct);
        await db
            .ObjectStores.Where(row => row.Id == region.Id)
            .ExecuteUpdateAsync(
                row => row.SetProperty(metered => metered.MeteredThrough, now).SetProperty(metered => metered.MeteredAt, asked),
                ct
            );
        await transaction.CommitAsync(ct);
        if (through != now)
        {
            await store.ForgetTrafficAsync(now - Keep, ct);
        }
    }

    private static async Task WriteAsync(PortalDb db, List<BucketTraffic> counts, DateTimeOffset since, CancellationToken ct)
    {
        var names = counts.Select(count => count.Bucket).Distinct(StringComparer.Ordinal).ToArray();
        var buckets = (
            await db
                .Buckets.AsNoTracking()
                .Where(bucket => names.Contains(bucket.Name) && (bucket.DeletedAt == null || bucket.DeletedAt > since))
                .ToListAsync(ct)
        ).ToLookup(bucket => (bucket.UserId, bucket.Name));
        var ids = buckets.SelectMany(same => same).Select(bucket => bucket.Id).ToArray();
        var written = await db
            .UsageSpans.Where(span =>
                ids.Contains(span.ResourceId)
                && span.From >= since
                && (span.Sku == Skus.BucketOut || span.Sku == Skus.BucketWrites || span.Sku == Skus.BucketReads)
            )
            .ToDictionaryAsync(span => (span.ResourceId, span.Sku, span.From), ct);
        foreach (var count in counts)
        {
            // Of several that had the name one after the other, the last one of that hour.
            if (
                buckets[(count.UserId, count.Bucket)]
                    .Where(bucket => bucket.CreatedAt < count.Hour + Hour && (bucket.DeletedAt is null || bucket.DeletedAt > count.Hour))
                    .MaxBy(bucket => bucket.CreatedAt) is
                { } bucket
            )
            {
                Write(db, written, bucket, count.Hour, Skus.BucketOut, BucketMeter.GiB(count.BytesOut));
                Write(db, written, bucket, count.Hour, Skus.BucketWrites, BucketMeter.Thousands(count.Writes));
                Write(db, written, bucket, count.Hour, Skus.BucketReads, BucketMeter.Thousands(count.Reads));
            }
        }
    }

    private static void Write(
        PortalDb db,
        Dictionary<(string, string, DateTimeOffset), UsageSpan> written,
        Bucket bucket,
        DateTimeOffset hour,
        string sku,
        decimal quantity
    )
    {
        if (written.TryGetValue((bucket.Id, sku, hour), out var span))
        {
            // Counts only grow. What was charged stays if somebody has trimmed the store's log.
            var now = db.Entry(span).Property(known => known.Quantity);
            now.CurrentValue = Math.Max(now.CurrentValue, quantity);
        }
        else if (quantity > 0)
        {
            db.UsageSpans.Add(
                new UsageSpan
                {
                    AccountId = bucket.AccountId,
                    ResourceId = bucket.Id,
                    ResourceName = bucket.Name,
                    Sku = sku,
                    Quantity = quantity,
                    From = hour,
                    To = hour + Hour,
                }
            );
        }
    }

    private static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);
}
