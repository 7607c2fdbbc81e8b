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
)
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
)
{
    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<SnapshotLine> Lines, int Total)> PageAsync(
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
        return (await Lines(Ordered(matching).Skip(start).Take(count)).ToListAsync(ct), total);
    }

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
                    .Matching(db, accountId, now)
                    .Where(snapshot => snapshot.VolumeId == volumeId)
                    .OrderByDescending(snapshot => snapshot.CreatedAt)
                    .ThenBy(snapshot => snapshot.Id)
            )
            .ToListAsync(ct);

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    public Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        Matching(db, accountId, now).Select(snapshot => snapshot.Id).ToListAsync(ct);

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await new SnapshotQuery()
            .Matching(db, accountId, now)
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

    private IQueryable<Snapshot> Matching(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - VolumeQuery.KeepInSight;
        var mine = Tagged(db)
            .AsNoTracking()
            .Where(snapshot => snapshot.AccountId == accountId && (snapshot.State != SnapshotState.Deleted || snapshot.DeletedAt > since));
        mine = Status is null ? mine : InState(mine, Status);
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(snapshot =>
            EF.Functions.ILike(snapshot.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.VolumeId, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(snapshot.Volume.Name, pattern, SearchPattern.Escape)
        );
    }

    private IQueryable<Snapshot> Tagged(PortalDb db)
    {
        if (string.IsNullOrWhiteSpace(Tag))
        {
            return db.Snapshots;
        }

        var parts = Tag.Split('=', 2, StringSplitOptions.TrimEntries);
        return parts is [var name, var value]
            ? db.Snapshots.FromSql($"""SELECT s.*, s.xmin FROM "Snapshots" s WHERE s."Tags" ->> {name} = {value}""")
            : db.Snapshots.FromSql($"""SELECT s.*, s.xmin FROM "Snapshots" s WHERE jsonb_exists(s."Tags", {parts[0]})""");
    }

    /// <summary><see cref="Snapshot.Spell"/> the other way round.</summary>
    private static IQueryable<Snapshot> InState(IQueryable<Snapshot> snapshots, string status) =>
        status switch
        {
            "deleting" => snapshots.Where(snapshot => snapshot.IsDeleting && snapshot.State != SnapshotState.Deleted),
            "deleted" => snapshots.Where(snapshot => snapshot.State == SnapshotState.Deleted),
            "pending" => snapshots.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Pending),
            "completed" => snapshots.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Completed),
            _ => snapshots.Where(snapshot => !snapshot.IsDeleting && snapshot.State == SnapshotState.Error),
        };

    private IOrderedQueryable<Snapshot> Ordered(IQueryable<Snapshot> snapshots)
    {
        var ordered = (Order, Ascending) switch
        {
            (SnapshotOrder.Name, true) => snapshots.OrderBy(snapshot => snapshot.Name),
            (SnapshotOrder.Name, false) => snapshots.OrderByDescending(snapshot => snapshot.Name),
            (SnapshotOrder.State, true) => snapshots.OrderBy(snapshot => snapshot.State),
            (SnapshotOrder.State, false) => snapshots.OrderByDescending(snapshot => snapshot.State),
            (SnapshotOrder.Size, true) => snapshots.OrderBy(snapshot => snapshot.StoredMiB),
            (SnapshotOrder.Size, false) => snapshots.OrderByDescending(snapshot => snapshot.StoredMiB),
            (_, true) => snapshots.OrderBy(snapshot => snapshot.CreatedAt),
            _ => snapshots.OrderByDescending(snapshot => snapshot.CreatedAt),
        };
        return ordered.ThenBy(snapshot => snapshot.Id);
    }
}
