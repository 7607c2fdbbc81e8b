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
);

/// <summary>Which of an account's security groups, and in which order.</summary>
/// <param name="Search">Part of the name, of the id or of the network's name.</param>
/// <param name="Network">Those of one network, by its id.</param>
public sealed record SecurityGroupQuery(
    string? Search = null,
    string? Network = null,
    SecurityGroupOrder Order = SecurityGroupOrder.Created,
    bool Ascending = false
)
{
    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<SecurityGroupLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        int start,
        int count,
        CancellationToken ct
    )
    {
        var matching =
            from rules in db.SecurityGroups.AsNoTracking()
            join network in db.Networks on rules.NetworkId equals network.Id
            where rules.AccountId == accountId && network.DeletedAt == null && (Network == null || network.Id == Network)
            select new { Group = rules, NetworkName = network.Name };
        if (!string.IsNullOrWhiteSpace(Search))
        {
            var pattern = SearchPattern.Containing(Search);
            matching = matching.Where(row =>
                EF.Functions.ILike(row.Group.Name, pattern, SearchPattern.Escape)
                || EF.Functions.ILike(row.Group.Id, pattern, SearchPattern.Escape)
                || EF.Functions.ILike(row.NetworkName, pattern, SearchPattern.Escape)
            );
        }

        var total = await matching.CountAsync(ct);
        var ordered = (Order, Ascending) switch
        {
            (SecurityGroupOrder.Name, true) => matching.OrderBy(row => row.Group.Name),
            (SecurityGroupOrder.Name, false) => matching.OrderByDescending(row => row.Group.Name),
            (_, true) => matching.OrderBy(row => row.Group.CreatedAt),
            _ => matching.OrderByDescending(row => row.Group.CreatedAt),
        };
        var lines = await ordered
            .ThenBy(row => row.Group.Id)
            .Skip(start)
            .Take(count)
            .Select(row => new SecurityGroupLine(
                row.Group.Id,
                row.Group.Name,
                row.Group.IsDefault,
                row.Group.NetworkId,
                row.NetworkName,
                row.Group.Rules.Count(rule => rule.Direction == RuleDirection.Inbound),
                row.Group.Rules.Count(rule => rule.Direction == RuleDirection.Outbound),
                db.InterfaceGroups.Count(membership => membership.SecurityGroupId == row.Group.Id),
                row.Group.ChangedAt == null || row.Group.AppliedAt != null,
                row.Group.CreatedAt
            ))
            .ToListAsync(ct);
        return (lines, total);
    }
}
