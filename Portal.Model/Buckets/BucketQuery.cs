using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Columns that a list of buckets can be sorted by.</summary>
public enum BucketOrder
{
    Name,
    Created,
    Size,
    Objects,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record BucketLine(
    string Id,
    string Name,
    BucketState State,
    BucketGoal Goal,
    long Bytes,
    long Objects,
    long Removed,
    int? QuotaGiB,
    DateTimeOffset? MeasuredAt,
    DateTimeOffset CreatedAt,
    bool IsWaiting
) : IListLine
{
    public string Status => Bucket.Spell(Bucket.StateFor(State, Goal));
}

/// <summary>
/// Which of an account's buckets, and in which order. A deleted one is gone; one that could not be made is shown until it is deleted.
/// </summary>
/// <param name="Search">Part of the name or of the id.</param>
public sealed record BucketQuery(string? Search = null, BucketOrder Order = BucketOrder.Name, bool Ascending = true)
    : ListQuery<Bucket, BucketLine>(Search)
{
    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var states = await InSight(db, accountId, now)
            .GroupBy(bucket => bucket.State)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToListAsync(ct);
        return states.ToDictionary(row => Bucket.Spell(row.Key), row => row.Count, StringComparer.Ordinal);
    }

    protected override IQueryable<Bucket> InSight(PortalDb db, string accountId, DateTimeOffset now) =>
        db.Buckets.AsNoTracking().Where(bucket => bucket.AccountId == accountId && bucket.State != BucketState.Deleted);

    protected override Task<List<BucketLine>> LinesAsync(PortalDb db, IQueryable<Bucket> rows, CancellationToken ct) =>
        rows.Select(bucket => new BucketLine(
                bucket.Id,
                bucket.Name,
                bucket.State,
                bucket.Goal,
                bucket.Bytes,
                bucket.Objects,
                bucket.Removed,
                bucket.QuotaGiB,
                bucket.MeasuredAt,
                bucket.CreatedAt,
                bucket.Waiting != null
            ))
            .ToListAsync(ct);

    protected override IQueryable<Bucket> Like(PortalDb db, IQueryable<Bucket> rows, string pattern) =>
        rows.Where(bucket =>
            EF.Functions.ILike(bucket.Name, pattern, SearchPattern.Escape) || EF.Functions.ILike(bucket.Id, pattern, SearchPattern.Escape)
        );

    protected override IOrderedQueryable<Bucket> Ordered(IQueryable<Bucket> rows) =>
        (Order, Ascending) switch
        {
            (BucketOrder.Created, true) => rows.OrderBy(bucket => bucket.CreatedAt),
            (BucketOrder.Created, false) => rows.OrderByDescending(bucket => bucket.CreatedAt),
            (BucketOrder.Size, true) => rows.OrderBy(bucket => bucket.Bytes),
            (BucketOrder.Size, false) => rows.OrderByDescending(bucket => bucket.Bytes),
            (BucketOrder.Objects, true) => rows.OrderBy(bucket => bucket.Objects),
            (BucketOrder.Objects, false) => rows.OrderByDescending(bucket => bucket.Objects),
            (_, true) => rows.OrderBy(bucket => bucket.Name),
            _ => rows.OrderByDescending(bucket => bucket.Name),
        };
}
