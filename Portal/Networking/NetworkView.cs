using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Networking;

/// <summary>An interface as the network's page shows it.</summary>
/// <param name="PublicAddress">An address, or the ports that stand for one; null if none leads to it.</param>
public sealed record InterfaceInNetwork(
    string Id,
    string SubnetId,
    string InstanceId,
    string InstanceName,
    string InstanceStatus,
    IPAddress Address,
    bool IsPrimary,
    IReadOnlyList<string> GroupNames,
    string? PublicAddress
);

public sealed record GroupInNetwork(string Id, string Name, bool IsDefault, int Members, int Rules);

public sealed record PeerOfNetwork(Peering Peering, Network Other);

/// <summary>A network with all that its page shows, as its account may see it at one moment.</summary>
public sealed record NetworkView(
    Network Network,
    Region Region,
    IReadOnlyList<Subnet> Subnets,
    IReadOnlyList<InterfaceInNetwork> Interfaces,
    IReadOnlyList<GroupInNetwork> Groups,
    IReadOnlyList<PeerOfNetwork> Peers,
    IReadOnlyList<Network> Others,
    NetworkContents Contents,
    Forecast Forecast,
    bool IsMailAllowed,
    IReadOnlyList<AuditEntry> Events
)
{
    private const int MaxEvents = 200;

    /// <summary>Null if the account has no such network, or no longer.</summary>
    public static async Task<NetworkView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string id,
        bool events,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var networks = await db
            .Networks.AsNoTracking()
            .Where(network => network.AccountId == actor.AccountId && network.DeletedAt == null)
            .OrderBy(network => network.Name)
            .ToListAsync(ct);
        if (networks.Find(network => network.Id == id) is not { } network)
        {
            return null;
        }

        var groups = await db
            .SecurityGroups.AsNoTracking()
            .Where(group => group.NetworkId == id)
            .OrderByDescending(group => group.IsDefault)
            .ThenBy(group => group.Name)
            .Select(group => new GroupInNetwork(
                group.Id,
                group.Name,
                group.IsDefault,
                db.InterfaceGroups.Count(membership => membership.SecurityGroupId == group.Id),
                group.Rules.Count
            ))
            .ToListAsync(ct);
        return new NetworkView(
            network,
            await db.Regions.AsNoTracking().SingleAsync(region => region.Id == network.RegionId, ct),
            [
                .. (await db.Subnets.AsNoTracking().Where(subnet => subnet.NetworkId == id).ToListAsync(ct)).OrderBy(subnet =>
                    AddressRanges.Number(subnet.Range.BaseAddress)
                ),
            ],
            await InterfacesAsync(db, id, groups, ct),
            groups,
            await PeersAsync(db, id, networks, ct),
            [.. networks.Where(other => other.Id != id && other.DeletingSince is null)],
            await NetworkContents.OfAsync(db, actor.AccountId, id, ct),
            await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
            await db.Accounts.AnyAsync(account => account.Id == actor.AccountId && account.MailAllowedAt != null, ct),
            !events
                ? []
                : await db
                    .AuditEntries.AsNoTracking()
                    .Where(row => row.AccountId == actor.AccountId && row.ResourceId == id)
                    .OrderByDescending(row => row.At)
                    .ThenByDescending(row => row.Id)
                    .Take(MaxEvents)
                    .ToListAsync(ct)
        );
    }

    private static async Task<IReadOnlyList<InterfaceInNetwork>> InterfacesAsync(
        PortalDb db,
        string networkId,
        List<GroupInNetwork> groups,
        CancellationToken ct
    )
    {
        var names = groups.ToDictionary(group => group.Id, group => group.Name, StringComparer.Ordinal);
        var networkInterfaces = await db
            .NetworkInterfaces.AsNoTracking()
            .Include(networkInterface => networkInterface.Groups)
            .Where(networkInterface => networkInterface.NetworkId == networkId)
            .ToListAsync(ct);
        var instances = await db
            .Instances.AsNoTracking()
            .Where(instance => instance.NetworkId == networkId && instance.State != InstanceState.Terminated)
            .Select(instance => new
            {
                instance.Id,
                instance.Name,
                instance.State,
                instance.Goal,
            })
            .ToDictionaryAsync(instance => instance.Id, StringComparer.Ordinal, ct);
        var addresses = await db
            .PublicAddresses.AsNoTracking()
            .Where(address => address.NetworkId == networkId && address.InterfaceId != null)
            .ToDictionaryAsync(address => address.InterfaceId!, StringComparer.Ordinal, ct);
        return
        [
            .. networkInterfaces
                .Where(networkInterface => instances.ContainsKey(networkInterface.InstanceId))
                .Select(networkInterface => new InterfaceInNetwork(
                    networkInterface.Id,
                    networkInterface.SubnetId,
                    networkInterface.InstanceId,
                    instances[networkInterface.InstanceId].Name,
                    Instance.Spell(
                        Instance.StateFor(instances[networkInterface.InstanceId].State, instances[networkInterface.InstanceId].Goal)
                    ),
                    networkInterface.Address,
                    networkInterface.IsPrimary,
                    [
                        .. networkInterface
                            .Groups.Select(membership => names.GetValueOrDefault(membership.SecurityGroupId, membership.SecurityGroupId))
                            .Order(StringComparer.Ordinal),
                    ],
                    addresses.GetValueOrDefault(networkInterface.Id)?.Label
                ))
                .OrderBy(networkInterface => networkInterface.InstanceName, StringComparer.OrdinalIgnoreCase)
                .ThenBy(networkInterface => networkInterface.InstanceId, StringComparer.Ordinal),
        ];
    }

    private static async Task<IReadOnlyList<PeerOfNetwork>> PeersAsync(PortalDb db, string id, List<Network> networks, CancellationToken ct)
    {
        var peerings = await db
            .Peerings.AsNoTracking()
            .Where(peering => peering.NetworkId == id || peering.PeerNetworkId == id)
            .OrderBy(peering => peering.CreatedAt)
            .ToListAsync(ct);
        return [.. peerings.Select(peering => new PeerOfNetwork(peering, networks.Find(other => other.Id == peering.Other(id))!))];
    }
}
