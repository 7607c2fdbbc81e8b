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
);

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
)
{
    public static readonly string[] Statuses = ["available", "updating", "deleting"];

    /// <summary>One window of the list; two queries, whatever its size.</summary>
    public async Task<(IReadOnlyList<NetworkLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        int start,
        int count,
        CancellationToken ct
    )
    {
        var matching = Matching(db, accountId);
        var total = await matching.CountAsync(ct);
        var lines = await Ordered(matching)
            .Skip(start)
            .Take(count)
            .Select(network => new
            {
                Network = network,
                Subnets = network.Subnets.Count,
                Instances = db.NetworkInterfaces.Count(networkInterface =>
                    networkInterface.NetworkId == network.Id && networkInterface.Position == 0
                ),
            })
            .ToListAsync(ct);
        return ([.. lines.Select(line => Line(line.Network, line.Subnets, line.Instances))], total);
    }

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var counts = await new NetworkQuery()
            .Matching(db, accountId)
            .GroupBy(network =>
                network.DeletingSince != null ? 2
                : network.AppliedGeneration < network.Generation ? 1
                : 0
            )
            .Select(group => new { Status = group.Key, Count = group.Count() })
            .ToListAsync(ct);
        return counts.ToDictionary(row => Statuses[row.Status], row => row.Count, StringComparer.Ordinal);
    }

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

    private IQueryable<Network> Matching(PortalDb db, string accountId)
    {
        var mine = Tagged(db).AsNoTracking().Where(network => network.AccountId == accountId && network.DeletedAt == null);
        mine = Status switch
        {
            "available" => mine.Where(network => network.DeletingSince == null && network.AppliedGeneration >= network.Generation),
            "updating" => mine.Where(network => network.DeletingSince == null && network.AppliedGeneration < network.Generation),
            "deleting" => mine.Where(network => network.DeletingSince != null),
            _ => mine,
        };
        if (string.IsNullOrWhiteSpace(Search))
        {
            return mine;
        }

        var pattern = SearchPattern.Containing(Search);
        return mine.Where(network =>
            EF.Functions.ILike(network.Name, pattern, SearchPattern.Escape)
            || EF.Functions.ILike(network.Id, pattern, SearchPattern.Escape)
            || EF.Functions.ILike((string)(object)network.Range, pattern, SearchPattern.Escape)
        );
    }

    private IQueryable<Network> Tagged(PortalDb db)
    {
        if (string.IsNullOrWhiteSpace(Tag))
        {
            return db.Networks;
        }

        var parts = Tag.Split('=', 2, StringSplitOptions.TrimEntries);
        return parts is [var name, var value]
            ? db.Networks.FromSql($"""SELECT n.*, n.xmin FROM "Networks" n WHERE n."Tags" ->> {name} = {value}""")
            : db.Networks.FromSql($"""SELECT n.*, n.xmin FROM "Networks" n WHERE jsonb_exists(n."Tags", {parts[0]})""");
    }

    private IOrderedQueryable<Network> Ordered(IQueryable<Network> networks) =>
        (
            (Order, Ascending) switch
            {
                (NetworkOrder.Name, true) => networks.OrderBy(network => network.Name),
                (NetworkOrder.Name, false) => networks.OrderByDescending(network => network.Name),
                (_, true) => networks.OrderBy(network => network.CreatedAt),
                _ => networks.OrderByDescending(network => network.CreatedAt),
            }
        ).ThenBy(network => network.Id);
}
