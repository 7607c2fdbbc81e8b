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
)
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
)
{
    public static readonly TimeSpan KeepInSight = TimeSpan.FromHours(1);

    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<InstanceLine> Lines, int Total)> PageAsync(
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
            .Select(instance => new InstanceLine(
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
        return (lines, total);
    }

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    public Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        Matching(db, accountId, now).Select(instance => instance.Id).ToListAsync(ct);

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await new InstanceQuery()
            .Matching(db, accountId, now)
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

    private IQueryable<Instance> Matching(PortalDb db, string accountId, DateTimeOffset now)
    {
        var since = now - KeepInSight;
        var mine = Tagged(db)
            .AsNoTracking()
            .Where(instance =>
                instance.AccountId == accountId && (instance.State != InstanceState.Terminated || instance.TerminatedAt > since)
            );
        mine = Status is null ? mine : InState(mine, Status);
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(instance =>
            EF.Functions.ILike(instance.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(instance.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike((string)(object)instance.Address, pattern, SearchPattern.Escape)
        );
    }

    private IQueryable<Instance> Tagged(PortalDb db)
    {
        if (string.IsNullOrWhiteSpace(Tag))
        {
            return db.Instances;
        }

        var parts = Tag.Split('=', 2, StringSplitOptions.TrimEntries);
        return parts is [var name, var value]
            ? db.Instances.FromSql($"""SELECT i.*, i.xmin FROM "Instances" i WHERE i."Tags" ->> {name} = {value}""")
            : db.Instances.FromSql($"""SELECT i.*, i.xmin FROM "Instances" i WHERE jsonb_exists(i."Tags", {parts[0]})""");
    }

    /// <summary><see cref="Instance.StateFor"/> the other way round.</summary>
    private static IQueryable<Instance> InState(IQueryable<Instance> instances, string status)
    {
        var pairs =
            from state in Enum.GetValues<InstanceState>()
            from goal in Enum.GetValues<InstanceGoal>()
            where Instance.Spell(Instance.StateFor(state, goal)) == status
            select $"{state} {goal}";
        var wanted = pairs.ToArray();
        return instances.Where(instance => wanted.Contains((string)(object)instance.State + " " + (string)(object)instance.Goal));
    }

    private IOrderedQueryable<Instance> Ordered(IQueryable<Instance> instances)
    {
        var ordered = (Order, Ascending) switch
        {
            (InstanceOrder.Name, true) => instances.OrderBy(instance => instance.Name),
            (InstanceOrder.Name, false) => instances.OrderByDescending(instance => instance.Name),
            (InstanceOrder.State, true) => instances.OrderBy(instance => instance.State),
            (InstanceOrder.State, false) => instances.OrderByDescending(instance => instance.State),
            (InstanceOrder.Size, true) => instances.OrderBy(instance => instance.Vcpus).ThenBy(instance => instance.MemoryMiB),
            (InstanceOrder.Size, false) => instances
                .OrderByDescending(instance => instance.Vcpus)
                .ThenByDescending(instance => instance.MemoryMiB),
            (_, true) => instances.OrderBy(instance => instance.CreatedAt),
            _ => instances.OrderByDescending(instance => instance.CreatedAt),
        };
        return ordered.ThenBy(instance => instance.Id);
    }
}
