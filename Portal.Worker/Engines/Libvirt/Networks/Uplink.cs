using System.Globalization;
using System.Net;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The engine's way to the outside: a namespace of its own, <c>NAME-uplink</c>, with an interface that the operator gave it by
/// <c>bin/engine uplink</c>, and a cable to the router of each network that needs it. Without that interface nothing leads outside.
/// </summary>
internal sealed class Uplink(EngineFolder folder) : IDisposable
{
    /// <summary>Cables have the addresses of https://www.rfc-editor.org/rfc/rfc6598, two for each network.</summary>
    private static readonly IPNetwork Links = IpText.Range("100.64.0.0/10");

    private readonly SemaphoreSlim gate = new(1, 1);

    public async Task<UplinkObservation> ObserveAsync(CancellationToken ct)
    {
        var settings = folder.Settings();
        var given = UplinkSettings.Read(folder);
        return given is not null && await Command.TryAsync("ip", ["-n", settings.Uplink, "link", "show", "dev", given.Interface], ct)
            ? new UplinkObservation(IsConnected: true, given.Range)
            : new UplinkObservation(IsConnected: false, null);
    }

    /// <summary>Plugs the network's router in, or out if nothing of it leads outside any more.</summary>
    public async Task EnsureAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            await (OutsideRules.NeedsUplink(network) ? PlugAsync(settings, network, ct) : UnplugAsync(settings, network.Id, ct));
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private async Task PlugAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        await BuildAsync(settings, ct);
        var (router, cable, slot) = (settings.Router(network.Id), EngineFolder.Device('u', network.Id), Slot(settings, network.Id));
        var (near, far) = (AddressRanges.At(Links, 2 * slot), AddressRanges.At(Links, (2 * slot) + 1));
        await Command.TryAsync(
            "ip",
            ["-n", settings.Uplink, "link", "add", cable, "type", "veth", "peer", "name", "wan", "netns", router],
            ct
        );
        await Command.RunAsync(
            "ip",
            ["-n", router, "-batch", "-"],
            ct,
            $"""
            addr replace {far}/31 dev wan
            link set wan up
            route replace default via {near} dev wan onlink

            """
        );
        var routes = string.Concat(
            network
                .Addresses.Where(address => address.Address is not null)
                .Select(address => $"route replace {address.Address}/32 via {far} dev {cable} proto static onlink\n")
        );
        await Command.RunAsync(
            "ip",
            ["-n", settings.Uplink, "-batch", "-"],
            ct,
            $"""
            addr replace {near}/31 dev {cable}
            link set {cable} up
            route flush dev {cable} proto static
            {routes}
            """
        );
    }

    public static async Task UnplugAsync(EngineSettings settings, string networkId, CancellationToken ct)
    {
        if (File.Exists(SlotFile(settings, networkId)))
        {
            await Command.TryAsync("ip", ["-n", settings.Uplink, "link", "delete", EngineFolder.Device('u', networkId)], ct);
            File.Delete(SlotFile(settings, networkId));
        }
    }

    private async Task BuildAsync(EngineSettings settings, CancellationToken ct)
    {
        if (!File.Exists(EngineSettings.NamespaceFile(settings.Uplink)))
        {
            await Command.RunAsync("ip", ["netns", "add", settings.Uplink], ct);
        }

        // Also for an interface that was handed over before: it lets in what is for a public address, as if that were its own.
        var given = UplinkSettings.Read(folder);
        await NetworkNamespace.SetAsync(
            settings.Uplink,
            ("ipv6/conf/all/disable_ipv6", "1"),
            ("ipv6/conf/default/disable_ipv6", "1"),
            ("ipv4/ip_forward", "1"),
            ("ipv4/conf/default/rp_filter", "1"),
            ("ipv4/conf/all/send_redirects", "0"),
            ($"ipv4/conf/{given?.Interface ?? "none"}/proxy_arp", "1")
        );
        await Command.RunAsync("ip", ["netns", "exec", settings.Uplink, "nft", "-f", "-"], ct, UplinkRules.Of(given));
    }

    /// <summary>The network's place among the cables; the least that is free, kept as long as it is plugged in.</summary>
    private static int Slot(EngineSettings settings, string networkId)
    {
        var own = SlotFile(settings, networkId);
        if (File.Exists(own))
        {
            return int.Parse(File.ReadAllText(own), CultureInfo.InvariantCulture);
        }

        var taken = Directory
            .GetDirectories(settings.Networks)
            .Select(folder => Path.Combine(folder, "slot"))
            .Where(File.Exists)
            .Select(file => int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture))
            .ToHashSet();
        var free = Enumerable.Range(0, 1 << (31 - Links.PrefixLength)).First(slot => !taken.Contains(slot));
        EngineFolder.WriteClosed(own, free.ToString(CultureInfo.InvariantCulture));
        return free;
    }

    private static string SlotFile(EngineSettings settings, string networkId) =>
        Path.Combine(AppliedNetwork.Folder(settings, networkId), "slot");
}

/// <summary>What <c>bin/engine uplink</c> wrote down.</summary>
/// <param name="Range">Public addresses that are routed to the interface.</param>
/// <param name="Resolvers">The name servers that networks with a way outside may ask.</param>
internal sealed record UplinkSettings(string Interface, IPNetwork? Range, IReadOnlyList<IPAddress> Resolvers)
{
    /// <summary>Null if the operator gave it no interface.</summary>
    public static UplinkSettings? Read(EngineFolder folder)
    {
        try
        {
            var values = File.ReadLines(Path.Combine(folder.State, "engine", "uplink"))
                .Select(line => line.Split('=', 2))
                .Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            return new UplinkSettings(
                values["interface"],
                IpText.TryRange(values.GetValueOrDefault("range", ""), out var range) ? range : null,
                [
                    .. values
                        .GetValueOrDefault("resolvers", "")
                        .Split(',', StringSplitOptions.RemoveEmptyEntries)
                        .Select(text =>
                            IpText.TryAddress(text, out var resolver) ? resolver : throw new FormatException($"{text} is not an address.")
                        ),
                ]
            );
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is FormatException or KeyNotFoundException or IOException)
        {
            throw new EngineException(EngineFault.Unavailable, "The engine's uplink settings cannot be read.", error);
        }
    }
}
