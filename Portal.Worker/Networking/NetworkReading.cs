using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Networking;

/// <summary>A private network as the database says it should be.</summary>
internal static class NetworkReading
{
    public static async Task<NetworkSpec> SpecAsync(PortalDb db, Network network, CancellationToken ct)
    {
        var networkInterfaces = await db
            .NetworkInterfaces.AsNoTracking()
            .Include(networkInterface => networkInterface.Groups)
            .Where(networkInterface => networkInterface.NetworkId == network.Id)
            .OrderBy(networkInterface => networkInterface.Id)
            .ToListAsync(ct);
        var names = (
            await db
                .Instances.AsNoTracking()
                .Where(instance => instance.NetworkId == network.Id && instance.State != InstanceState.Terminated)
                .Select(instance => new { instance.Id, instance.Name })
                .ToListAsync(ct)
        ).ToDictionary(row => row.Id, row => InstanceName.HostName(row.Name) ?? row.Id, StringComparer.Ordinal);
        return new NetworkSpec(
            network.Id,
            network.AccountId,
            network.Range,
            [.. network.Subnets.OrderBy(subnet => subnet.Id, StringComparer.Ordinal).Select(subnet => subnet.Spec)],
            [
                .. networkInterfaces.Select(networkInterface =>
                    Member(networkInterface, networkInterface.IsPrimary ? names.GetValueOrDefault(networkInterface.InstanceId) : null)
                ),
            ],
            await GroupsAsync(
                db,
                network.Id,
                [
                    .. networkInterfaces
                        .SelectMany(networkInterface => networkInterface.Groups)
                        .Select(membership => membership.SecurityGroupId)
                        .Distinct(StringComparer.Ordinal),
                ],
                ct
            )
        )
        {
            Nat = network.IsNatWanted,
            Mail = await db.Accounts.AnyAsync(account => account.Id == network.AccountId && account.MailAllowedAt != null, ct),
            Peers = await PeersAsync(db, network.Id, ct),
            Addresses = await AddressesAsync(db, network.Id, networkInterfaces, ct),
        };
    }

    private static NetworkMember Member(NetworkInterface networkInterface, string? hostName) =>
        new(
            networkInterface.InstanceId,
            networkInterface.Id,
            hostName,
            networkInterface.Address,
            networkInterface.Mac,
            [.. networkInterface.Groups.Select(membership => membership.SecurityGroupId).Order(StringComparer.Ordinal)]
        );

    /// <summary>
    /// Those that some interface is in. One that a rule names and that has no members lets nobody through: it need not be told.
    /// </summary>
    private static async Task<IReadOnlyList<GroupSpec>> GroupsAsync(PortalDb db, string networkId, string[] used, CancellationToken ct)
    {
        var groups = await db
            .SecurityGroups.AsNoTracking()
            .Include(group => group.Rules)
            .Where(group => group.NetworkId == networkId && used.Contains(group.Id))
            .OrderBy(group => group.Id)
            .ToListAsync(ct);
        return [.. groups.Select(group => group.Spec)];
    }

    private static async Task<IReadOnlyList<PeerSpec>> PeersAsync(PortalDb db, string networkId, CancellationToken ct)
    {
        var peerings = await db
            .Peerings.AsNoTracking()
            .Where(peering => peering.NetworkId == networkId || peering.PeerNetworkId == networkId)
            .OrderBy(peering => peering.Id)
            .ToListAsync(ct);
        var others = peerings.Select(peering => peering.Other(networkId)).ToArray();
        var ranges = await db
            .Networks.AsNoTracking()
            .Where(other => others.Contains(other.Id))
            .ToDictionaryAsync(other => other.Id, other => other.Range, StringComparer.Ordinal, ct);
        return [.. peerings.Select(peering => new PeerSpec(peering.Id, peering.Other(networkId), ranges[peering.Other(networkId)]))];
    }

    private static async Task<IReadOnlyList<AddressSpec>> AddressesAsync(
        PortalDb db,
        string networkId,
        List<NetworkInterface> networkInterfaces,
        CancellationToken ct
    )
    {
        var addresses = await db
            .PublicAddresses.AsNoTracking()
            .Where(address => address.NetworkId == networkId && address.InterfaceId != null)
            .OrderBy(address => address.Id)
            .ToListAsync(ct);
        return
        [
            .. addresses.Join(
                networkInterfaces,
                address => address.InterfaceId,
                networkInterface => networkInterface.Id,
                (address, networkInterface) =>
                    new AddressSpec(
                        address.Id,
                        networkInterface.InstanceId,
                        networkInterface.Address,
                        address.Address,
                        [.. address.Forwards()]
                    ),
                StringComparer.Ordinal
            ),
        ];
    }
}
