using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Columns that a list of security groups can be sorted by.</summary>
public enum SecurityGroupOrder
{
    Created,
    Name,
}

/// <summary>One line of a list.</summary>
public sealed record SecurityGroupLine(
    string Id,
    string Name,
    bool IsDefault,
    string NetworkId,
    string NetworkName,
    int Inbound,
    int Outbound,
    int Members,
    bool IsApplied,
    DateTimeOffset CreatedAt
) : IListLine;

/// <summary>Which of an account's security groups, and in which order.</summary>
/// <param name="Search">Part of the name, of the id or of the network's name.</param>
/// <param name="Network">Those of one network, by its id.</param>
public sealed record SecurityGroupQuery(
    string? Search = null,
    string? Network = null,
    SecurityGroupOrder Order = SecurityGroupOrder.Created,
    bool Ascending = false
) : ListQuery<SecurityGroup, SecurityGroupLine>(Search)
{
    /// <summary>They have no states.</summary>
    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var all = new Dictionary<string, int>(StringComparer.Ordinal);
        if (await db.SecurityGroups.CountAsync(group => group.AccountId == accountId, ct) is > 0 and var count)
        {
            all["all"] = count;
        }

        return all;
    }

    protected override IQueryable<SecurityGroup> InSight(PortalDb db, string accountId, DateTimeOffset now) =>
        db
            .SecurityGroups.AsNoTracking()
            .Where(rules =>
                rules.AccountId == accountId
                && db.Networks.Any(network =>
                    network.Id == rules.NetworkId && network.DeletedAt == null && (Network == null || network.Id == Network)
                )
            );

    protected override Task<List<SecurityGroupLine>> LinesAsync(PortalDb db, IQueryable<SecurityGroup> rows, CancellationToken ct) =>
        rows.Select(rules => new SecurityGroupLine(
                rules.Id,
                rules.Name,
                rules.IsDefault,
                rules.NetworkId,
                db.Networks.Single(network => network.Id == rules.NetworkId).Name,
                rules.Rules.Count(rule => rule.Direction == RuleDirection.Inbound),
                rules.Rules.Count(rule => rule.Direction == RuleDirection.Outbound),
                db.InterfaceGroups.Count(membership => membership.SecurityGroupId == rules.Id),
                rules.ChangedAt == null || rules.AppliedAt != null,
                rules.CreatedAt
            ))
            .ToListAsync(ct);

    protected override IQueryable<SecurityGroup> Like(PortalDb db, IQueryable<SecurityGroup> rows, string pattern) =>
        rows.Where(rules =>
            EF.Functions.ILike(rules.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(rules.Id, pattern, SearchPattern.Escape)
            || db.Networks.Any(network => network.Id == rules.NetworkId && EF.Functions.ILike(network.Name, pattern, SearchPattern.Escape))
        );

    protected override IOrderedQueryable<SecurityGroup> Ordered(IQueryable<SecurityGroup> rows) =>
        (Order, Ascending) switch
        {
            (SecurityGroupOrder.Name, true) => rows.OrderBy(rules => rules.Name),
            (SecurityGroupOrder.Name, false) => rows.OrderByDescending(rules => rules.Name),
            (_, true) => rows.OrderBy(rules => rules.CreatedAt),
            _ => rows.OrderByDescending(rules => rules.CreatedAt),
        };
}
