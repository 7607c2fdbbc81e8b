using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Columns that a list of volumes can be sorted by.</summary>
public enum VolumeOrder
{
    Created,
    Name,
    State,
    Size,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record VolumeLine(
    string Id,
    string Name,
    VolumeState State,
    VolumeGoal Goal,
    int SizeGiB,
    int MadeGiB,
    string TypeId,
    string? InstanceId,
    string? InstanceName,
    bool IsRoot,
    DateTimeOffset CreatedAt,
    Dictionary<string, string> Tags,
    bool IsWaiting
)
{
    public string Status => Volume.Spell(State, Goal, InstanceId is not null);

    public bool IsGrowing => MadeGiB > 0 && SizeGiB > MadeGiB;
}

/// <summary>Which of an account's volumes, and in which order. What was deleted is kept in sight for an hour.</summary>
/// <param name="Search">Part of the name, of the id, or of the name or id of the instance that has it.</param>
/// <param name="Status">A state as it is shown, e.g. <c>in-use</c>.</param>
/// <param name="Tag">A tag's name, or <c>name=value</c>.</param>
public sealed record VolumeQuery(
    string? Search = null,
    string? Status = null,
    string? Tag = null,
    VolumeOrder Order = VolumeOrder.Created,
    bool Ascending = false
)
{
    public static readonly TimeSpan KeepInSight = TimeSpan.FromHours(1);

    private static readonly bool[] EitherWay = [true, false];

    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<VolumeLine> Lines, int Total)> PageAsync(
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
            .Select(volume => new VolumeLine(
                volume.Id,
                volume.Name,
                volume.State,
                volume.Goal,
                volume.SizeGiB,
                volume.MadeGiB,
                volume.TypeId,
                volume.InstanceId,
                volume.Instance!.Name,
                volume.IsRoot,
                volume.CreatedAt,
                volume.Tags,
                volume.Waiting != null
            ))
            .ToListAsync(ct);
        return (lines, total);
    }

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    public Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        Matching(db, accountId, now).Select(volume => volume.Id).ToListAsync(ct);

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await new VolumeQuery()
            .Matching(db, accountId, now)
            .GroupBy(volume => new
            {
                volume.State,
                volume.Goal,
                HasInstance = volume.InstanceId != null,
            })
            .Select(group => new
            {
                group.Key.State,
                group.Key.Goal,
                group.Key.HasInstance,
                Count = group.Count(),
            })
            .ToListAsync(ct);
        return counts
            .GroupBy(row => Volume.Spell(row.State, row.Goal, row.HasInstance), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Count), StringComparer.Ordinal);
    }

    private IQueryable<Volume> Matching(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - KeepInSight;
        var mine = Tagged(db)
            .AsNoTracking()
            .Where(volume => volume.AccountId == accountId && (volume.State != VolumeState.Deleted || volume.DeletedAt > since));
        mine = Status is null ? mine : InState(mine, Status);
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(volume =>
            EF.Functions.ILike(volume.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(volume.Id, pattern, SearchPattern.Escape)
            || (
                volume.InstanceId != null
                && (
                    EF.Functions.ILike(volume.InstanceId, pattern, SearchPattern.Escape)
                    || EF.Functions.ILike(volume.Instance!.Name, pattern, SearchPattern.Escape)
                )
            )
        );
    }

    private IQueryable<Volume> Tagged(PortalDb db)
    {
        if (string.IsNullOrWhiteSpace(Tag))
        {
            return db.Volumes;
        }

        var parts = Tag.Split('=', 2, StringSplitOptions.TrimEntries);
        return parts is [var name, var value]
            ? db.Volumes.FromSql($"""SELECT v.*, v.xmin FROM "Volumes" v WHERE v."Tags" ->> {name} = {value}""")
            : db.Volumes.FromSql($"""SELECT v.*, v.xmin FROM "Volumes" v WHERE jsonb_exists(v."Tags", {parts[0]})""");
    }

    /// <summary><see cref="Volume.Spell"/> the other way round.</summary>
    private static IQueryable<Volume> InState(IQueryable<Volume> volumes, string status)
    {
        var keys =
            from state in Enum.GetValues<VolumeState>()
            from goal in Enum.GetValues<VolumeGoal>()
            from hasInstance in EitherWay
            where Volume.Spell(state, goal, hasInstance) == status
            select $"{state} {goal} {(hasInstance ? "+" : "-")}";
        var wanted = keys.ToArray();
        return volumes.Where(volume =>
            wanted.Contains(
                (string)(object)volume.State + " " + (string)(object)volume.Goal + " " + (volume.InstanceId != null ? "+" : "-")
            )
        );
    }

    private IOrderedQueryable<Volume> Ordered(IQueryable<Volume> volumes)
    {
        var ordered = (Order, Ascending) switch
        {
            (VolumeOrder.Name, true) => volumes.OrderBy(volume => volume.Name),
            (VolumeOrder.Name, false) => volumes.OrderByDescending(volume => volume.Name),
            (VolumeOrder.State, true) => volumes.OrderBy(volume => volume.State),
            (VolumeOrder.State, false) => volumes.OrderByDescending(volume => volume.State),
            (VolumeOrder.Size, true) => volumes.OrderBy(volume => volume.SizeGiB),
            (VolumeOrder.Size, false) => volumes.OrderByDescending(volume => volume.SizeGiB),
            (_, true) => volumes.OrderBy(volume => volume.CreatedAt),
            _ => volumes.OrderByDescending(volume => volume.CreatedAt),
        };
        return ordered.ThenBy(volume => volume.Id);
    }
}
