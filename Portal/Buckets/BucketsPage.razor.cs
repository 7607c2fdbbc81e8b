using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class BucketsPage : ListPage<BucketLine, BucketQuery>
{
    private static readonly (string Value, string Label)[] Sorts =
    [
        ("", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("-size", "Size, large first"),
        ("-objects", "Objects, most first"),
        ("-created", "Newest first"),
        ("created", "Oldest first"),
    ];

    private long used,
        objects,
        objectLimit;
    private int limit;

    /// <summary>The sums are no older than this.</summary>
    private DateTimeOffset? measuredAt;

    protected override IReadOnlyCollection<string> Tables { get; } = ["Buckets"];

    /// <summary>A bucket is known by its name: that is the order unless another is asked for.</summary>
    private string Order => Sort ?? "name";

    protected override BucketQuery Ask()
    {
        var (order, ascending) = Sort is null ? (BucketOrder.Name, true) : OrderOf<BucketOrder>();
        return new BucketQuery(Said(Search), order, ascending);
    }

    protected override async Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var mine = db.Buckets.Where(bucket => bucket.AccountId == accountId && bucket.State != BucketState.Deleted);
        (used, objects) = (await mine.SumAsync(bucket => bucket.Bytes, ct), await mine.SumAsync(bucket => bucket.Objects, ct));
        measuredAt = await mine.MinAsync(bucket => bucket.MeasuredAt, ct);
        var account = await db
            .Accounts.Where(account => account.Id == accountId)
            .Select(account => new { account.BucketGiBLimit, account.BucketObjectLimit })
            .SingleAsync(ct);
        (limit, objectLimit) = (account.BucketGiBLimit, account.BucketObjectLimit);
        return await base.CountAsync(db, accountId, ct);
    }

    private static string Progress(BucketLine line) =>
        line.Status is "deleting" && line.Removed > 0 ? $" ({line.Removed:N0} removed)"
        : line.IsWaiting ? " (waits)"
        : "";

    private static string Objects(BucketLine line) =>
        line.MeasuredAt is null ? "—" : line.Objects.ToString("N0", CultureInfo.InvariantCulture);

    private static string ObjectsWord(BucketLine line) =>
        line.MeasuredAt is null ? ""
        : line.Objects == 1 ? " object"
        : " objects";

    /// <summary>When what a line says was measured.</summary>
    private string? AsOf(BucketLine line) => line.MeasuredAt is { } at ? $"as of {Format.Clock(at, Clock.GetUtcNow())}" : null;
}
