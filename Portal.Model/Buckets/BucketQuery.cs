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
)
{
    public string Status => Bucket.Spell(Bucket.StateFor(State, Goal));
}

/// <summary>
/// Which of an account's buckets, and in which order. A deleted one is gone; one that could not be made is shown until it is deleted.
/// </summary>
/// <param name="Search">Part of the name or of the id.</param>
public sealed record BucketQuery(string? Search = null, BucketOrder Order = BucketOrder.Name, bool Ascending = true)
{
    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<BucketLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        int start,
        int count,
        CancellationToken ct
    )
    {
        var matching = Matching(db, accountId);
        var total = await matching.CountAsync(ct);
        var lines = await Ordered(matching)
            .Skip(start)
            .Take(count)
            .Select(bucket => new BucketLine(
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
        return (lines, total);
    }

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    public Task<List<string>> IdsAsync(PortalDb db, string accountId, CancellationToken ct) =>
        Matching(db, accountId).Select(bucket => bucket.Id).ToListAsync(ct);

    private IQueryable<Bucket> Matching(PortalDb db, string accountId)
    {
        var mine = db.Buckets.AsNoTracking().Where(bucket => bucket.AccountId == accountId && bucket.State != BucketState.Deleted);
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(bucket =>
            EF.Functions.ILike(bucket.Name, pattern, SearchPattern.Escape) || EF.Functions.ILike(bucket.Id, pattern, SearchPattern.Escape)
        );
    }

    private IOrderedQueryable<Bucket> Ordered(IQueryable<Bucket> buckets)
    {
        var ordered = (Order, Ascending) switch
        {
            (BucketOrder.Created, true) => buckets.OrderBy(bucket => bucket.CreatedAt),
            (BucketOrder.Created, false) => buckets.OrderByDescending(bucket => bucket.CreatedAt),
            (BucketOrder.Size, true) => buckets.OrderBy(bucket => bucket.Bytes),
            (BucketOrder.Size, false) => buckets.OrderByDescending(bucket => bucket.Bytes),
            (BucketOrder.Objects, true) => buckets.OrderBy(bucket => bucket.Objects),
            (BucketOrder.Objects, false) => buckets.OrderByDescending(bucket => bucket.Objects),
            (_, true) => buckets.OrderBy(bucket => bucket.Name),
            _ => buckets.OrderByDescending(bucket => bucket.Name),
        };
        return ordered.ThenBy(bucket => bucket.Id);
    }
}
