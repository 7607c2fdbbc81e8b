using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What was last applied of a network, and to which namespaces: after a reboot of the host, or when somebody removed one, it no longer
/// stands. Texts are kept as hashes; what is as it was is not applied again.
/// </summary>
internal sealed record AppliedNetwork(
    string Rules,
    string Ports,
    string Neighbours,
    string Names,
    string Server,
    string Cables,
    string Published,
    IReadOnlyList<string> Gateways,
    IReadOnlyList<string> Interfaces
)
{
    public ulong? Engine { get; init; }

    public ulong? Router { get; init; }

    public int Dnsmasq { get; init; }

    /// <summary>What the spec asks for.</summary>
    public static AppliedNetwork Wanted(NetworkSpec network, UplinkSettings? uplink, UplinkLimits limits) =>
        new(
            Hash(NetworkRules.Router(network, limits)),
            Hash(NetworkRules.Ports(network)),
            Hash(NeighbourLines(network)),
            Hash(DhcpServer.Hosts(network) + DhcpServer.Names(network) + DhcpServer.Servers(network, uplink)),
            Hash(string.Join('\n', DhcpServer.Ranges(network))),
            Hash(
                string.Join('\n', network.Peers.Select(peer => $"{peer.PeeringId} {peer.NetworkId} {peer.Range}"))
                    + $"{network.Range} {network.Nat} {uplink}"
                    + string.Join('\n', network.Addresses.Select(address => $"{address.Address}"))
            ),
            Hash(
                string.Join(
                    '\n',
                    network.Addresses.SelectMany(address => address.Forwards.Select(forward => $"{forward} {address.Id} {address.Private}"))
                )
            ),
            [
                .. network.Subnets.Select(subnet =>
                    string.Create(CultureInfo.InvariantCulture, $"{subnet.Gateway}/{subnet.Range.PrefixLength}")
                ),
            ],
            [.. network.Members.Select(member => member.InterfaceId)]
        );

    /// <summary>Lines for <c>ip -batch</c> by which the router knows every member without asking.</summary>
    public static string NeighbourLines(NetworkSpec network) =>
        string.Concat(network.Members.Select(member => $"neigh replace {member.Address} lladdr {member.Mac} dev lan nud permanent\n"));

    public static string Folder(EngineSettings settings, string networkId) =>
        Path.Combine(settings.Networks, EngineFolder.Checked(networkId));

    public static AppliedNetwork? Read(EngineSettings settings, string networkId)
    {
        var file = Path.Combine(Folder(settings, networkId), "applied");
        return File.Exists(file) ? JsonSerializer.Deserialize<AppliedNetwork>(File.ReadAllText(file)) : null;
    }

    public void Write(EngineSettings settings, string networkId)
    {
        var file = Path.Combine(Folder(settings, networkId), "applied");
        EngineFolder.WriteClosed(file + ".new", JsonSerializer.Serialize(this));
        File.Move(file + ".new", file, overwrite: true);
    }

    public bool Stands(EngineSettings settings, string networkId) =>
        Engine is not null
        && Engine == NetworkNamespace.Identity(settings.Name)
        && Router is not null
        && Router == NetworkNamespace.Identity(settings.Router(networkId))
        && DhcpServer.Running(settings, networkId) == Dnsmasq;

    public bool IsSameAs(AppliedNetwork wanted) =>
        (Rules, Ports, Neighbours, Names, Server, Cables, Published)
            == (wanted.Rules, wanted.Ports, wanted.Neighbours, wanted.Names, wanted.Server, wanted.Cables, wanted.Published)
        && Gateways.SequenceEqual(wanted.Gateways, StringComparer.Ordinal)
        && Interfaces.SequenceEqual(wanted.Interfaces, StringComparer.Ordinal);

    private static string Hash(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
