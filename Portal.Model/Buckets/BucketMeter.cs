using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// What buckets cost. Stored bytes are spans like everything else: a quantity from one sample to another. What is counted (bytes out,
/// requests) becomes one closed span for each hour whose quantity is that hour's count: so many per hour, for one hour. So the one rating
/// function rates both, and cutting such a span in two cuts its count in two.
/// </summary>
public static class BucketMeter
{
    /// <summary>Sizes change all the time: a span that is younger goes on as it is, unless nothing is left.</summary>
    public static readonly TimeSpan ShortestSpan = TimeSpan.FromMinutes(10);

    private const decimal BytesPerGiB = 1024m * 1024 * 1024;

    /// <summary>GiB as the ledger keeps them: to the kilobyte.</summary>
    public static decimal GiB(long bytes) => Math.Round(bytes / BytesPerGiB, 6, MidpointRounding.ToEven);

    public static decimal Thousands(long count) => count / 1000m;

    /// <summary>What it holds costs from now on, and nothing any more once it is gone.</summary>
    public static Task RecordAsync(PortalDb db, Bucket bucket, DateTimeOffset now, CancellationToken ct) =>
        Meter.RecordAsync(
            db,
            bucket,
            bucket.IsThere && GiB(bucket.Bytes) is > 0 and var quantity ? [(Skus.BucketStorage, quantity)] : [],
            now,
            ct
        );

    /// <summary>
    /// The same for many that were just measured, in three queries: where what a bucket holds has changed, its span ends and another
    /// begins, but not before it is <see cref="ShortestSpan"/> old.
    /// </summary>
    public static async Task RecordAsync(PortalDb db, IReadOnlyCollection<Bucket> buckets, DateTimeOffset now, CancellationToken ct)
    {
        var ids = buckets.Select(bucket => bucket.Id).ToArray();
        var spans = db.UsageSpans.Where(span => ids.Contains(span.ResourceId) && span.Sku == Skus.BucketStorage);
        var open = await spans.Where(span => span.To == null).ToDictionaryAsync(span => span.ResourceId, StringComparer.Ordinal, ct);

        // A clock that was set back, or another worker's: what was charged up to a moment is not charged again.
        var charged = await spans
            .Where(span => span.To > now)
            .GroupBy(span => span.ResourceId)
            .Select(group => new { Id = group.Key, To = group.Max(span => span.To) })
            .ToDictionaryAsync(row => row.Id, row => row.To!.Value, StringComparer.Ordinal, ct);
        foreach (var bucket in buckets)
        {
            var (span, quantity) = (open.GetValueOrDefault(bucket.Id), bucket.IsThere ? GiB(bucket.Bytes) : 0);
            if ((span?.Quantity ?? 0) == quantity || (span is not null && quantity > 0 && now - span.From < ShortestSpan))
            {
                continue;
            }

            if (span is not null)
            {
                span.To = now > span.From ? now : span.From;
            }

            if (quantity > 0)
            {
                db.UsageSpans.Add(Span(bucket, quantity, span?.To ?? charged.GetValueOrDefault(bucket.Id, now)));
            }
        }
    }

    private static UsageSpan Span(Bucket bucket, decimal quantity, DateTimeOffset from) =>
        new()
        {
            AccountId = bucket.AccountId,
            ResourceId = bucket.Id,
            ResourceName = bucket.Name,
            Sku = Skus.BucketStorage,
            Quantity = quantity,
            From = from,
        };
}
