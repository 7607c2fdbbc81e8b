using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Storage;

/// <summary>
/// What buckets cost. Stored bytes are spans like everything else: a quantity from one sample to another. What is counted (bytes out, requests) becomes one closed span for each
/// hour whose quantity is that hour's count: so many per hour, for one hour. So the one rating function rates both, and cutting such a span in two cuts its count in two.
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
        Meter.RecordAsync(db, bucket, bucket.IsThere && GiB(bucket.Bytes) is > 0 and var quantity ? [(Skus.BucketStorage, quantity)] : [], now, ct);
}
