using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The cables between the routers of peered networks. Whichever router is made later plugs both ends in: a network is in the engine only
/// while it has members. No address is spent on them: each end knows the other's MAC.
/// </summary>
internal static class PeerCables
{
    /// <summary>Stands for the router at the other end; nobody is asked for it.</summary>
    private const string NextHop = "169.254.0.1";

    public static async Task EnsureAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        var router = settings.Router(network.Id);
        var wanted = network.Peers.Where(peer => File.Exists(EngineSettings.NamespaceFile(settings.Router(peer.NetworkId)))).ToList();
        foreach (var cable in await PluggedAsync(router, ct))
        {
            if (!network.Peers.Any(peer => OutsideRules.Cable(peer) == cable))
            {
                await Command.TryAsync("ip", ["-n", router, "link", "delete", cable], ct);
            }
        }

        foreach (var peer in wanted)
        {
            await PlugAsync(settings, network, peer, ct);
        }
    }

    private static async Task PlugAsync(EngineSettings settings, NetworkSpec network, PeerSpec peer, CancellationToken ct)
    {
        var (router, other, cable) = (settings.Router(network.Id), settings.Router(peer.NetworkId), OutsideRules.Cable(peer));

        // The other network may be plugging it in at this very moment.
        await Command.TryAsync(
            "ip",
            [
                "-n",
                router,
                "link",
                "add",
                cable,
                "address",
                Mac(network.Id),
                "type",
                "veth",
                "peer",
                "name",
                cable,
                "address",
                Mac(peer.NetworkId),
                "netns",
                other,
            ],
            ct
        );
        await Command.RunAsync("ip", ["-n", router, "-batch", "-"], ct, End(cable, Mac(peer.NetworkId), $"{peer.Range}"));
        await Command.RunAsync("ip", ["-n", other, "-batch", "-"], ct, End(cable, Mac(network.Id), $"{network.Range}"));
    }

    private static string End(string cable, string otherMac, string otherRange) =>
        $"""
            link set {cable} up
            neigh replace {NextHop} lladdr {otherMac} dev {cable} nud permanent
            route replace {otherRange} via {NextHop} dev {cable} onlink

            """;

    private static async Task<IReadOnlyList<string>> PluggedAsync(string router, CancellationToken ct) =>
        [
            .. (await Command.RunAsync("ip", ["-n", router, "-o", "link", "show", "type", "veth"], ct))
                .Split('\n')
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 1 && words[1].StartsWith("p-", StringComparison.Ordinal))
                .Select(words => words[1].Split('@', ':')[0]),
        ];

    private static string Mac(string networkId) =>
        $"0a:{string.Join(':', EngineFolder.Checked(networkId)[^10..].Chunk(2).Select(pair => new string(pair)))}";
}
