using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Columns that a list of networks can be sorted by.</summary>
public enum NetworkOrder
{
    Created,
    Name,
}

/// <summary>One line of a list: what it shows and no more.</summary>
public sealed record NetworkLine(
    string Id,
    string Name,
    IPNetwork Range,
    string Status,
    int Subnets,
    int Instances,
    bool IsNatOn,
    DateTimeOffset CreatedAt,
    Dictionary<string, string> Tags,
    bool IsWaiting
) : IListLine;

/// <summary>Which of an account's networks, and in which order. Deleted ones are not among them.</summary>
/// <param name="Search">Part of the name, of the id or of the range.</param>
/// <param name="Status">A state as it is shown, e.g. <c>updating</c>.</param>
/// <param name="Tag">A tag's name, or <c>name=value</c>.</param>
public sealed record NetworkQuery(
    string? Search = null,
    string? Status = null,
    string? Tag = null,
    NetworkOrder Order = NetworkOrder.Created,
    bool Ascending = false
) : ListQuery<Network, NetworkLine>(Search, Status, Tag)
{
    public static readonly string[] Statuses = ["available", "updating", "deleting"];

    public override async Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var counts = await InSight(db, accountId, now)
            .GroupBy(network =>
                network.DeletingSince != null ? 2
                : network.AppliedGeneration < network.Generation ? 1
                : 0
            )
            .Select(group => new { Status = group.Key, Count = group.Count() })
            .ToListAsync(ct);
        return counts.ToDictionary(row => Statuses[row.Status], row => row.Count, StringComparer.Ordinal);
    }

    protected override IQueryable<Network> InSight(PortalDb db, string accountId, DateTimeOffset now) =>
        db.Networks.AsNoTracking().Where(network => network.AccountId == accountId && network.DeletedAt == null);

    protected override async Task<List<NetworkLine>> LinesAsync(PortalDb db, IQueryable<Network> rows, CancellationToken ct)
    {
        var lines = await rows.Select(network => new
            {
                Network = network,
                Subnets = network.Subnets.Count,
                Instances = db.NetworkInterfaces.Count(networkInterface =>
                    networkInterface.NetworkId == network.Id && networkInterface.Position == 0
                ),
            })
            .ToListAsync(ct);
        return [.. lines.Select(line => Line(line.Network, line.Subnets, line.Instances))];
    }

    protected override IQueryable<Network> Like(PortalDb db, IQueryable<Network> rows, string pattern) =>
        rows.Where(network =>
            EF.Functions.ILike(network.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(network.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike((string)(object)network.Range, pattern, SearchPattern.Escape)
        );

    protected override IQueryable<Network> Tagged(IQueryable<Network> rows, string tag) => rows.WithTag(tag);

    protected override IQueryable<Network> InState(IQueryable<Network> rows, string status) =>
        status switch
        {
            "available" => rows.Where(network => network.DeletingSince == null && network.AppliedGeneration >= network.Generation),
            "updating" => rows.Where(network => network.DeletingSince == null && network.AppliedGeneration < network.Generation),
            _ => rows.Where(network => network.DeletingSince != null),
        };

    private static NetworkLine Line(Network network, int subnets, int instances) =>
        new(
            network.Id,
            network.Name,
            network.Range,
            network.Status,
            subnets,
            instances,
            network.IsNatOn,
            network.CreatedAt,
            network.Tags,
            network.Waiting is not null
        );

    protected override IOrderedQueryable<Network> Ordered(IQueryable<Network> rows) =>
        (Order, Ascending) switch
        {
            (NetworkOrder.Name, true) => rows.OrderBy(network => network.Name),
            (NetworkOrder.Name, false) => rows.OrderByDescending(network => network.Name),
            (_, true) => rows.OrderBy(network => network.CreatedAt),
            _ => rows.OrderByDescending(network => network.CreatedAt),
        };
}
