using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <param name="Stored">GiB at the end of the slice; null after now.</param>
/// <param name="Out">GiB that left the bucket in it.</param>
/// <param name="Requests">Requests in it.</param>
public sealed record UsageSlice(DateTimeOffset From, DateTimeOffset To, decimal? Stored, decimal Out, decimal Requests);

/// <summary>What a bucket held and did over the last days, out of the ledger: the very rows that the bill is made of.</summary>
public static class BucketHistory
{
    public static readonly IReadOnlyList<(int Days, string Label)> Ranges = [(1, "Day"), (7, "Week"), (30, "Month")];

    private static TimeSpan SliceOf(int days) =>
        days switch
        {
            1 => TimeSpan.FromHours(1),
            7 => TimeSpan.FromHours(6),
            _ => TimeSpan.FromDays(1),
        };

    public static async Task<IReadOnlyList<UsageSlice>> LoadAsync(
        PortalDb db,
        string accountId,
        string bucketId,
        int days,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var length = SliceOf(days);

        // The last slice is the one that goes on now.
        var end = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % length.Ticks), TimeSpan.Zero) + length;
        var start = end - TimeSpan.FromDays(days);
        var spans = await db
            .UsageSpans.AsNoTracking()
            .Where(span =>
                span.AccountId == accountId && span.ResourceId == bucketId && (span.To == null || span.To > start) && span.From < end
            )
            .ToListAsync(ct);
        return
        [
            .. Enumerable
                .Range(0, (int)(TimeSpan.FromDays(days) / length))
                .Select(index => Slice(spans, start + (index * length), start + ((index + 1) * length), now)),
        ];
    }

    private static UsageSlice Slice(List<UsageSpan> spans, DateTimeOffset from, DateTimeOffset to, DateTimeOffset now)
    {
        var at = to < now ? to : now;
        return new UsageSlice(
            from,
            to,
            spans
                .Where(span => span.Sku == Skus.BucketStorage && span.From < at && (span.To is null || span.To >= at))
                .Sum(span => span.Quantity),
            Counted(spans, from, to, Skus.BucketOut),
            1000 * Counted(spans, from, to, Skus.BucketWrites, Skus.BucketReads)
        );
    }

    /// <summary>What is counted lies in the ledger as so many per hour, for one hour.</summary>
    private static decimal Counted(List<UsageSpan> spans, DateTimeOffset from, DateTimeOffset to, params string[] skus) =>
        spans
            .Where(span => skus.Contains(span.Sku, StringComparer.Ordinal) && span.From < to && span.To > from)
            .Sum(span => span.Quantity * (Min(span.To!.Value, to) - Max(span.From, from)).Ticks / TimeSpan.TicksPerHour);

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
