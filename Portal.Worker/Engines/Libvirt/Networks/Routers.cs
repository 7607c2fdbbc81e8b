using System.Collections.Concurrent;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Private networks: a bridge without an address in the engine's namespace, and a router, a namespace of its own, behind one cable.
/// The router is gateway of every subnet, DHCP and DNS. Other cables it has only to peers and, if that is turned on, to the uplink.
/// </summary>
internal sealed class Routers(EngineFolder folder, UplinkLimits limits) : IDisposable
{
    private readonly Uplink uplink = new(folder);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> gates = new(StringComparer.Ordinal);

    public async Task EnsureAsync(NetworkSpec network, CancellationToken ct)
    {
        var settings = folder.Settings();
        var given = UplinkSettings.Read(folder);
        var wanted = AppliedNetwork.Wanted(network, given, limits);
        var gate = gates.GetOrAdd(network.Id, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(ct);
        try
        {
            var applied = AppliedNetwork.Read(settings, network.Id);
            if (applied?.Stands(settings, network.Id) is not true)
            {
                await BuildAsync(settings, network, ct);
                applied = null;
            }

            if (applied?.IsSameAs(wanted) is not true)
            {
                await ApplyAsync(settings, network, given, applied, wanted, ct);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    public Task<UplinkObservation> UplinkAsync(CancellationToken ct) => uplink.ObserveAsync(ct);

    public void Dispose() => uplink.Dispose();

    /// <summary>Whether the network stands and knows all these interfaces.</summary>
    public bool Has(string networkId, IEnumerable<InterfaceSpec> networkInterfaces)
    {
        var settings = folder.Settings();
        return AppliedNetwork.Read(settings, networkId) is { } applied
            && applied.Stands(settings, networkId)
            && networkInterfaces.All(networkInterface => applied.Interfaces.Contains(networkInterface.Id, StringComparer.Ordinal));
    }

    public IReadOnlyList<string> List() =>
        Directory.Exists(folder.Settings().Networks)
            ? [.. Directory.GetDirectories(folder.Settings().Networks).Select(path => Path.GetFileName(path)!)]
            : [];

    public async Task RemoveAsync(string networkId, CancellationToken ct)
    {
        var settings = folder.Settings();
        var router = settings.Router(networkId);
        if (DhcpServer.Running(settings, networkId) is { } pid)
        {
            Libc.Signal(pid, Libc.Terminate);
        }

        PublishedPorts.RemoveAddresses(settings, networkId);
        await Uplink.UnplugAsync(settings, networkId, ct);
        if (File.Exists(EngineSettings.NamespaceFile(router)))
        {
            await Command.RunAsync("ip", ["netns", "delete", router], ct);
        }

        var table = NetworkRules.Table(networkId);
        await InNamespaceAsync(settings.Name, ["nft", "-f", "-"], $"table bridge {table}\ndelete table bridge {table}\n", ct);
        if (Directory.Exists(AppliedNetwork.Folder(settings, networkId)))
        {
            await Command.TryAsync("ip", ["-n", settings.Name, "link", "delete", EngineFolder.Device('b', networkId)], ct);
            Directory.Delete(AppliedNetwork.Folder(settings, networkId), recursive: true);
        }
    }

    /// <summary>Makes what is absent; what is there stays, guests that hang on it too.</summary>
    private static async Task BuildAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        GuestFolder.Make(AppliedNetwork.Folder(settings, network.Id));
        var (router, bridge, cable) = (
            settings.Router(network.Id),
            EngineFolder.Device('b', network.Id),
            EngineFolder.Device('v', network.Id)
        );
        if (!File.Exists(EngineSettings.NamespaceFile(router)))
        {
            // A router that is gone lives on, and holds its cable, for as long as a connection into it is open: a person's ssh, e.g.
            await Command.TryAsync("ip", ["-n", settings.Name, "link", "delete", cable], ct);
            await Command.RunAsync("ip", ["netns", "add", router], ct);
        }

        await NetworkNamespace.SetAsync(
            router,
            ("ipv6/conf/all/disable_ipv6", "1"),
            ("ipv6/conf/default/disable_ipv6", "1"),
            ("ipv4/ip_forward", "1"),
            ("ipv4/conf/all/send_redirects", "0"),
            ("ipv4/conf/default/send_redirects", "0"),
            ("ipv4/conf/all/accept_redirects", "0"),
            ("ipv4/conf/default/rp_filter", "1")
        );

        // Each line may find its work done already.
        await Command.TryAsync(
            "ip",
            ["-n", settings.Name, "-force", "-batch", "-"],
            ct,
            $"""
            link add {bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0
            link set {bridge} up
            link add {cable} type veth peer name lan address {NetworkRules.GatewayMac(network.Id)} netns {router}

            """
        );
        await InNamespaceAsync(settings.Name, ["nft", "-f", "-"], NetworkRules.UnknownPorts, ct);
        await Command.RunAsync("ip", ["-n", settings.Name, "link", "set", cable, "master", bridge, "up"], ct);
        await Command.RunAsync("ip", ["-n", router, "-batch", "-"], ct, "link set lo up\nlink set lan up\n");

        // Guests cannot hear each other: the router answers for all of them, at once, and passes on what the rules allow.
        await NetworkNamespace.SetAsync(
            router,
            ("ipv4/conf/lan/proxy_arp_pvlan", "1"),
            ("ipv4/conf/lan/send_redirects", "0"),
            ("ipv4/neigh/lan/proxy_delay", "0")
        );
    }

    /// <summary>
    /// Brings the router from what was applied, if anything, to what is wanted: rules and addresses first, then what serves and leads on.
    /// </summary>
    private async Task ApplyAsync(
        EngineSettings settings,
        NetworkSpec network,
        UplinkSettings? given,
        AppliedNetwork? applied,
        AppliedNetwork wanted,
        CancellationToken ct
    )
    {
        var router = settings.Router(network.Id);
        var lines =
            Gateways(applied, wanted)
            + (
                applied?.Neighbours == wanted.Neighbours
                    ? ""
                    : $"neigh flush dev lan nud permanent\n{AppliedNetwork.NeighbourLines(network)}"
            );

        // At the same time: what one of them does not let through yet is closed, and no guest is plugged in before all are there.
        await Task.WhenAll(
            applied?.Rules == wanted.Rules
                ? Task.CompletedTask
                : InNamespaceAsync(router, ["nft", "-f", "-"], NetworkRules.Router(network, limits), ct),
            applied?.Ports == wanted.Ports
                ? Task.CompletedTask
                : InNamespaceAsync(settings.Name, ["nft", "-f", "-"], NetworkRules.Ports(network), ct),
            lines.Length == 0 ? Task.CompletedTask : Command.RunAsync("ip", ["-n", router, "-batch", "-"], ct, lines)
        );

        if (applied?.Cables != wanted.Cables)
        {
            await PeerCables.EnsureAsync(settings, network, ct);
            await uplink.EnsureAsync(settings, network, ct);
        }

        if (applied?.Published != wanted.Published)
        {
            PublishedPorts.Ensure(settings, network);
        }

        var dnsmasq = await DhcpServer.EnsureAsync(
            settings,
            network,
            given,
            restart: applied?.Server != wanted.Server,
            reload: applied?.Names != wanted.Names,
            ct
        );
        (
            wanted with
            {
                Engine = NetworkNamespace.Identity(settings.Name),
                Router = NetworkNamespace.Identity(router),
                Dnsmasq = dnsmasq,
            }
        ).Write(settings, network.Id);
    }

    private static string Gateways(AppliedNetwork? applied, AppliedNetwork wanted)
    {
        var before = applied?.Gateways ?? [];
        return (applied is null ? "addr flush dev lan\n" : "")
            + string.Concat(before.Except(wanted.Gateways, StringComparer.Ordinal).Select(gateway => $"addr del {gateway} dev lan\n"))
            + string.Concat(wanted.Gateways.Except(before, StringComparer.Ordinal).Select(gateway => $"addr replace {gateway} dev lan\n"));
    }

    private static Task<string> InNamespaceAsync(string netns, string[] command, string input, CancellationToken ct) =>
        Command.RunAsync("ip", ["netns", "exec", netns, .. command], ct, input);
}
