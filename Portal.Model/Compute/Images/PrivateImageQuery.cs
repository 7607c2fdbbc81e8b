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
) : IListLine
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
) : ListQuery<PrivateImage, PrivateImageLine>(Search, Status)
{
    private static readonly bool[] EitherWay = [true, false];

    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await InSight(db, accountId, now)
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

    protected override IQueryable<PrivateImage> InSight(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - ListQuery.KeepInSight;
        return db
            .PrivateImages.AsNoTracking()
            .Where(image =>
                image.AccountId == accountId && (image.Snapshot.State != SnapshotState.Deleted || image.Snapshot.DeletedAt > since)
            );
    }

    protected override Task<List<PrivateImageLine>> LinesAsync(PortalDb db, IQueryable<PrivateImage> rows, CancellationToken ct) =>
        rows.Select(image => new PrivateImageLine(
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

    protected override IQueryable<PrivateImage> Like(PortalDb db, IQueryable<PrivateImage> rows, string pattern) =>
        rows.Where(image =>
            EF.Functions.ILike(image.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Description, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.InstanceId, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(image.Instance.Name, pattern, SearchPattern.Escape)
        );

    /// <summary><see cref="PrivateImage.Spell"/> the other way round.</summary>
    protected override IQueryable<PrivateImage> InState(IQueryable<PrivateImage> rows, string status)
    {
        var wanted = (
            from state in Enum.GetValues<SnapshotState>()
            from isToGo in EitherWay
            where PrivateImage.Spell(state, isToGo) == status
            select $"{state} {(isToGo ? "+" : "-")}"
        ).ToArray();
        return rows.Where(image => wanted.Contains((string)(object)image.Snapshot.State + " " + (image.Snapshot.IsDeleting ? "+" : "-")));
    }

    protected override IOrderedQueryable<PrivateImage> Ordered(IQueryable<PrivateImage> rows) =>
        (Order, Ascending) switch
        {
            (PrivateImageOrder.Name, true) => rows.OrderBy(image => image.Name),
            (PrivateImageOrder.Name, false) => rows.OrderByDescending(image => image.Name),
            (PrivateImageOrder.Size, true) => rows.OrderBy(image => image.Snapshot.StoredMiB),
            (PrivateImageOrder.Size, false) => rows.OrderByDescending(image => image.Snapshot.StoredMiB),
            (_, true) => rows.OrderBy(image => image.CreatedAt),
            _ => rows.OrderByDescending(image => image.CreatedAt),
        };
}
