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
) : IListLine
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
) : ListQuery<Volume, VolumeLine>(Search, Status, Tag)
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

    protected override IQueryable<Volume> InSight(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - ListQuery.KeepInSight;
        return db
            .Volumes.AsNoTracking()
            .Where(volume => volume.AccountId == accountId && (volume.State != VolumeState.Deleted || volume.DeletedAt > since));
    }

    protected override Task<List<VolumeLine>> LinesAsync(PortalDb db, IQueryable<Volume> rows, CancellationToken ct) =>
        rows.Select(volume => new VolumeLine(
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

    protected override IQueryable<Volume> Like(PortalDb db, IQueryable<Volume> rows, string pattern) =>
        rows.Where(volume =>
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

    protected override IQueryable<Volume> Tagged(IQueryable<Volume> rows, string tag) => rows.WithTag(tag);

    /// <summary><see cref="Volume.Spell"/> the other way round.</summary>
    protected override IQueryable<Volume> InState(IQueryable<Volume> rows, string status)
    {
        var keys =
            from state in Enum.GetValues<VolumeState>()
            from goal in Enum.GetValues<VolumeGoal>()
            from hasInstance in EitherWay
            where Volume.Spell(state, goal, hasInstance) == status
            select $"{state} {goal} {(hasInstance ? "+" : "-")}";
        var wanted = keys.ToArray();
        return rows.Where(volume =>
            wanted.Contains(
                (string)(object)volume.State + " " + (string)(object)volume.Goal + " " + (volume.InstanceId != null ? "+" : "-")
            )
        );
    }

    protected override IOrderedQueryable<Volume> Ordered(IQueryable<Volume> rows) =>
        (Order, Ascending) switch
        {
            (VolumeOrder.Name, true) => rows.OrderBy(volume => volume.Name),
            (VolumeOrder.Name, false) => rows.OrderByDescending(volume => volume.Name),
            (VolumeOrder.State, true) => rows.OrderBy(volume => volume.State),
            (VolumeOrder.State, false) => rows.OrderByDescending(volume => volume.State),
            (VolumeOrder.Size, true) => rows.OrderBy(volume => volume.SizeGiB),
            (VolumeOrder.Size, false) => rows.OrderByDescending(volume => volume.SizeGiB),
            (_, true) => rows.OrderBy(volume => volume.CreatedAt),
            _ => rows.OrderByDescending(volume => volume.CreatedAt),
        };
}
