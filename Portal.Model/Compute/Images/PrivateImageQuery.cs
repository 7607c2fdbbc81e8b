using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>Columns that a list of an account's images can be sorted by.</summary>
public enum PrivateImageOrder
{
    Created,
    Name,
    Size,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record PrivateImageLine(
    string Id,
    string Name,
    string Description,
    SnapshotState State,
    bool IsDeleting,
    string SnapshotId,
    int SizeGiB,
    int StoredMiB,
    string InstanceId,
    string InstanceName,
    DateTimeOffset CreatedAt,
    bool IsWaiting
)
{
    public string Status => PrivateImage.Spell(State, IsDeleting);
}

/// <summary>Which of an account's images, and in which order. What was deleted is kept in sight for an hour.</summary>
/// <param name="Search">Part of the name, the description, the id, or of the name or id of the instance that it was made of.</param>
/// <param name="Status">A state as it is shown, e.g. <c>available</c>.</param>
public sealed record PrivateImageQuery(
    string? Search = null,
    string? Status = null,
    PrivateImageOrder Order = PrivateImageOrder.Created,
    bool Ascending = false
)
{
    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<PrivateImageLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        int start,
        int count,
        CancellationToken ct
    )
    {
        var matching = Matching(db, accountId, now);
        var total = await matching.CountAsync(ct);
        var lines = await Ordered(matching)
            .Skip(start)
            .Take(count)
            .Select(image => new PrivateImageLine(
                image.Id,
                image.Name,
                image.Description,
                image.Snapshot.State,
                image.Snapshot.IsDeleting,
                image.SnapshotId,
                image.Snapshot.SizeGiB,
                image.Snapshot.StoredMiB,
                image.InstanceId,
                image.Instance.Name,
                image.CreatedAt,
                image.Snapshot.Waiting != null
            ))
            .ToListAsync(ct);
        return (lines, total);
    }

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    public Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        Matching(db, accountId, now).Select(image => image.Id).ToListAsync(ct);

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await new PrivateImageQuery()
            .Matching(db, accountId, now)
            .GroupBy(image => new { image.Snapshot.State, image.Snapshot.IsDeleting })
            .Select(group => new
            {
                group.Key.State,
                group.Key.IsDeleting,
                Count = group.Count(),
            })
            .ToListAsync(ct);
        return counts
            .GroupBy(row => PrivateImage.Spell(row.State, row.IsDeleting), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Count), StringComparer.Ordinal);
    }

    private IQueryable<PrivateImage> Matching(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - InstanceQuery.KeepInSight;
        var mine = db
            .PrivateImages.AsNoTracking()
            .Where(image =>
                image.AccountId == accountId && (image.Snapshot.State != SnapshotState.Deleted || image.Snapshot.DeletedAt > since)
            );
        mine = Status is null ? mine : InState(mine, Status);
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(image =>
            EF.Functions.ILike(image.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Description, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.InstanceId, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Instance.Name, pattern, SearchPattern.Escape)
        );
    }

    /// <summary><see cref="PrivateImage.Spell"/> the other way round.</summary>
    private static IQueryable<PrivateImage> InState(IQueryable<PrivateImage> images, string status)
    {
        var wanted = (
            from state in Enum.GetValues<SnapshotState>()
            from isToGo in EitherWay
            where PrivateImage.Spell(state, isToGo) == status
            select $"{state} {(isToGo ? "+" : "-")}"
        ).ToArray();
        return images.Where(image => wanted.Contains((string)(object)image.Snapshot.State + " " + (image.Snapshot.IsDeleting ? "+" : "-")));
    }

    private static readonly bool[] EitherWay = [true, false];

    private IOrderedQueryable<PrivateImage> Ordered(IQueryable<PrivateImage> images) =>
        (
            (Order, Ascending) switch
            {
                (PrivateImageOrder.Name, true) => images.OrderBy(image => image.Name),
                (PrivateImageOrder.Name, false) => images.OrderByDescending(image => image.Name),
                (PrivateImageOrder.Size, true) => images.OrderBy(image => image.Snapshot.StoredMiB),
                (PrivateImageOrder.Size, false) => images.OrderByDescending(image => image.Snapshot.StoredMiB),
                (_, true) => images.OrderBy(image => image.CreatedAt),
                _ => images.OrderByDescending(image => image.CreatedAt),
            }
        ).ThenBy(image => image.Id);
}
