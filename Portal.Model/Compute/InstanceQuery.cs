using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>Columns that a list of instances can be sorted by.</summary>
public enum InstanceOrder
{
    Created,
    Name,
    State,
    Size,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record InstanceLine(
    string Id,
    string Name,
    InstanceState State,
    InstanceGoal Goal,
    string SizeId,
    string ImageName,
    string Address,
    int? PublicPort,
    DateTimeOffset CreatedAt,
    Dictionary<string, string> Tags,
    bool IsWaiting,
    bool IsRescue
) : IListLine
{
    public string Status => Instance.Spell(Instance.StateFor(State, Goal));
}

/// <summary>Which of an account's instances, and in which order. What was terminated is kept in sight for an hour, as at EC2.</summary>
/// <param name="Search">Part of the name, of the id or of the private address.</param>
/// <param name="Status">A state as it is shown, e.g. <c>shutting-down</c>.</param>
/// <param name="Tag">A tag's name, or <c>name=value</c>.</param>
public sealed record InstanceQuery(
    string? Search = null,
    string? Status = null,
    string? Tag = null,
    InstanceOrder Order = InstanceOrder.Created,
    bool Ascending = false
) : ListQuery<Instance, InstanceLine>(Search, Status, Tag)
{
    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await InSight(db, accountId, now)
            .GroupBy(instance => new { instance.State, instance.Goal })
            .Select(group => new
            {
                group.Key.State,
                group.Key.Goal,
                Count = group.Count(),
            })
            .ToListAsync(ct);
        return counts
            .GroupBy(row => Instance.Spell(Instance.StateFor(row.State, row.Goal)), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Count), StringComparer.Ordinal);
    }

    protected override IQueryable<Instance> InSight(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - ListQuery.KeepInSight;
        return db
            .Instances.AsNoTracking()
            .Where(instance =>
                instance.AccountId == accountId && (instance.State != InstanceState.Terminated || instance.TerminatedAt > since)
            );
    }

    protected override Task<List<InstanceLine>> LinesAsync(PortalDb db, IQueryable<Instance> rows, CancellationToken ct) =>
        rows.Select(instance => new InstanceLine(
                instance.Id,
                instance.Name,
                instance.State,
                instance.Goal,
                instance.SizeId,
                instance.Image.Name,
                instance.Address.ToString(),
                instance.PublicPort,
                instance.CreatedAt,
                instance.Tags,
                instance.Waiting != null,
                instance.IsRescue
            ))
            .ToListAsync(ct);

    protected override IQueryable<Instance> Like(PortalDb db, IQueryable<Instance> rows, string pattern) =>
        rows.Where(instance =>
            EF.Functions.ILike(instance.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(instance.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike((string)(object)instance.Address, pattern, SearchPattern.Escape)
        );

    protected override IQueryable<Instance> Tagged(IQueryable<Instance> rows, string tag) => rows.WithTag(tag);

    /// <summary><see cref="Instance.StateFor"/> the other way round.</summary>
    protected override IQueryable<Instance> InState(IQueryable<Instance> rows, string status)
    {
        var pairs =
            from state in Enum.GetValues<InstanceState>()
            from goal in Enum.GetValues<InstanceGoal>()
            where Instance.Spell(Instance.StateFor(state, goal)) == status
            select $"{state} {goal}";
        var wanted = pairs.ToArray();
        return rows.Where(instance => wanted.Contains((string)(object)instance.State + " " + (string)(object)instance.Goal));
    }

    protected override IOrderedQueryable<Instance> Ordered(IQueryable<Instance> rows) =>
        (Order, Ascending) switch
        {
            (InstanceOrder.Name, true) => rows.OrderBy(instance => instance.Name),
            (InstanceOrder.Name, false) => rows.OrderByDescending(instance => instance.Name),
            (InstanceOrder.State, true) => rows.OrderBy(instance => instance.State),
            (InstanceOrder.State, false) => rows.OrderByDescending(instance => instance.State),
            (InstanceOrder.Size, true) => rows.OrderBy(instance => instance.Vcpus).ThenBy(instance => instance.MemoryMiB),
            (InstanceOrder.Size, false) => rows.OrderByDescending(instance => instance.Vcpus)
                .ThenByDescending(instance => instance.MemoryMiB),
            (_, true) => rows.OrderBy(instance => instance.CreatedAt),
            _ => rows.OrderByDescending(instance => instance.CreatedAt),
        };
}
