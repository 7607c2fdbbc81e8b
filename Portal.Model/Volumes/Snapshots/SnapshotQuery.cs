using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Columns that a list of snapshots can be sorted by.</summary>
public enum SnapshotOrder
{
    Created,
    Name,
    State,
    Size,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record SnapshotLine(
    string Id,
    string Name,
    SnapshotState State,
    bool IsDeleting,
    int SizeGiB,
    int StoredMiB,
    string VolumeId,
    string VolumeName,
    bool IsScheduled,
    DateTimeOffset CreatedAt,
    Dictionary<string, string> Tags,
    bool IsWaiting
) : IListLine
{
    public string Status => Snapshot.Spell(State, IsDeleting);
}

/// <summary>Which of an account's snapshots, and in which order. What was deleted is kept in sight for an hour.</summary>
/// <param name="Search">Part of the name, of the id, or of the volume's name or id.</param>
/// <param name="Status">A state as it is shown, e.g. <c>completed</c>.</param>
/// <param name="Tag">A tag's name, or <c>name=value</c>.</param>
public sealed record SnapshotQuery(
    string? Search = null,
    string? Status = null,
    string? Tag = null,
    SnapshotOrder Order = SnapshotOrder.Created,
    bool Ascending = false
) : ListQuery<Snapshot, SnapshotLine>(Search, Status, Tag)
{
    /// <summary>Those of one volume, the newest first.</summary>
    public static Task<List<SnapshotLine>> OfVolumeAsync(
        PortalDb db,
        string accountId,
        string volumeId,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        Lines(
                new SnapshotQuery()
                    .InSight(db, accountId, now)
                    .Where(snapshot => snapshot.VolumeId == volumeId)
                    .OrderByDescending(snapshot => snapshot.CreatedAt)
                    .ThenBy(snapshot => snapshot.Id)
            )
            .ToListAsync(ct);

    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await InSight(db, accountId, now)
            .GroupBy(snapshot => new { snapshot.State, snapshot.IsDeleting })
            .Select(group => new
            {
                group.Key.State,
                group.Key.IsDeleting,
                Count = group.Count(),
            })
            .ToListAsync(ct);
        return counts
            .GroupBy(row => Snapshot.Spell(row.State, row.IsDeleting), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Count), StringComparer.Ordinal);
    }

    private static IQueryable<SnapshotLine> Lines(IQueryable<Snapshot> snapshots) =>
        snapshots.Select(snapshot => new SnapshotLine(
            snapshot.Id,
            snapshot.Name,
            snapshot.State,
            snapshot.IsDeleting,
            snapshot.SizeGiB,
            snapshot.StoredMiB,
            snapshot.VolumeId,
            snapshot.Volume.Name,
            snapshot.ScheduleId != null,
            snapshot.CreatedAt,
            snapshot.Tags,
            snapshot.Waiting != null
        ));

    protected override IQueryable<Snapshot> InSight(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - ListQuery.KeepInSight;
        return db
            .Snapshots.AsNoTracking()
            .Where(snapshot => snapshot.AccountId == accountId && (snapshot.State != SnapshotState.Deleted || snapshot.DeletedAt > since));
    }

    protected override Task<List<SnapshotLine>> LinesAsync(PortalDb db, IQueryable<Snapshot> rows, CancellationToken ct) =>
        Lines(rows).ToListAsync(ct);

    protected override IQueryable<Snapshot> Like(PortalDb db, IQueryable<Snapshot> rows, string pattern) =>
        rows.Where(snapshot =>
            EF.Functions.ILike(snapshot.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.VolumeId, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.Volume.Name, pattern, SearchPattern.Escape)
        );

    protected override IQueryable<Snapshot> Tagged(IQueryable<Snapshot> rows, string tag) => rows.WithTag(tag);

    /// <summary><see cref="Snapshot.Spell"/> the other way round.</summary>
    protected override IQueryable<Snapshot> InState(IQueryable<Snapshot> rows, string status) =>
        status switch
        {
            "deleting" => rows.Where(snapshot => snapshot.IsDeleting && snapshot.State != SnapshotState.Deleted),
            "deleted" => rows.Where(snapshot => snapshot.State == SnapshotState.Deleted),
            "pending" => rows.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Pending),
            "completed" => rows.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Completed),
            _ => rows.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Error),
        };

    protected override IOrderedQueryable<Snapshot> Ordered(IQueryable<Snapshot> rows) =>
        (Order, Ascending) switch
        {
            (SnapshotOrder.Name, true) => rows.OrderBy(snapshot => snapshot.Name),
            (SnapshotOrder.Name, false) => rows.OrderByDescending(snapshot => snapshot.Name),
            (SnapshotOrder.State, true) => rows.OrderBy(snapshot => snapshot.State),
            (SnapshotOrder.State, false) => rows.OrderByDescending(snapshot => snapshot.State),
            (SnapshotOrder.Size, true) => rows.OrderBy(snapshot => snapshot.StoredMiB),
            (SnapshotOrder.Size, false) => rows.OrderByDescending(snapshot => snapshot.StoredMiB),
            (_, true) => rows.OrderBy(snapshot => snapshot.CreatedAt),
            _ => rows.OrderByDescending(snapshot => snapshot.CreatedAt),
        };
}
