using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Private networks: a bridge without an address in the engine's namespace, and a router, a namespace of its own, behind one cable.
/// The router is gateway, DHCP and DNS, and has no other cable: whatever a guest sends ends there unless it is for another member.
/// </summary>
internal sealed class PrivateNetworks(EngineFolder folder)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> gates = new(StringComparer.Ordinal);

    public async Task EnsureAsync(NetworkSpec network, CancellationToken ct)
    {
        var settings = folder.Settings();
        var wanted = Hash(network);
        var gate = gates.GetOrAdd(network.Id, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(ct);
        try
        {
            var applied = Applied.Read(settings, network.Id);
            var stands = applied?.Stands(settings, network.Id) ?? false;
            if (stands && string.Equals(applied!.Hash, wanted, StringComparison.Ordinal))
            {
                return;
            }

            if (!stands)
            {
                await BuildAsync(settings, network, ct);
            }

            var dnsmasq = await ApplyAsync(settings, network, ct);
            new Applied(wanted, NetworkNamespace.Identity(settings.Name), NetworkNamespace.Identity(settings.Router(network.Id)), dnsmasq, [.. network.Members.Select(member => member.InstanceId)])
                .Write(settings, network.Id);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Whether the network stands and knows this machine.</summary>
    public bool Has(string networkId, string instanceId)
    {
        var settings = folder.Settings();
        return Applied.Read(settings, networkId) is { } applied && applied.Stands(settings, networkId) && applied.Members.Contains(instanceId, StringComparer.Ordinal);
    }

    public IReadOnlyList<string> List() => Directory.Exists(folder.Settings().Networks) ? [.. Directory.GetDirectories(folder.Settings().Networks).Select(path => Path.GetFileName(path)!)] : [];

    public async Task RemoveAsync(string networkId, CancellationToken ct)
    {
        var settings = folder.Settings();
        var router = settings.Router(networkId);
        if (DhcpServer.Running(settings, networkId) is { } pid)
        {
            Libc.Signal(pid, Libc.Terminate);
        }

        if (File.Exists(EngineSettings.NamespaceFile(router)))
        {
            await Command.RunAsync("ip", ["netns", "delete", router], ct);
        }

        var table = NetworkRules.Table(networkId);
        await InEngineAsync(settings, ["nft", "-f", "-"], $"table bridge {table}\ndelete table bridge {table}\n", ct);
        if (Directory.Exists(Applied.Folder(settings, networkId)))
        {
            await IgnoreFailureAsync(Command.RunAsync("ip", ["-n", settings.Name, "link", "delete", EngineFolder.Device('b', networkId)], ct));
            Directory.Delete(Applied.Folder(settings, networkId), recursive: true);
        }
    }

    /// <summary>Makes what is absent; what is there stays, guests that hang on it too.</summary>
    private static async Task BuildAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        Directory.CreateDirectory(Applied.Folder(settings, network.Id));
        var (router, bridge, cable) = (settings.Router(network.Id), EngineFolder.Device('b', network.Id), EngineFolder.Device('v', network.Id));
        if (!File.Exists(EngineSettings.NamespaceFile(router)))
        {
            await Command.RunAsync("ip", ["netns", "add", router], ct);
        }

        await NetworkNamespace.SetAsync(router, ("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"), ("ipv4/ip_forward", "1"),
            ("ipv4/conf/all/send_redirects", "0"), ("ipv4/conf/default/send_redirects", "0"), ("ipv4/conf/all/accept_redirects", "0"), ("ipv4/conf/default/rp_filter", "1"));

        // Each line may find its work done already.
        await IgnoreFailureAsync(Command.RunAsync("ip", ["-n", settings.Name, "-force", "-batch", "-"], ct, $"""
            link add {bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0
            link set {bridge} up
            link add {cable} type veth peer name lan address {NetworkRules.GatewayMac(network.Id)} netns {router}

            """));
        await Command.RunAsync("ip", ["-n", settings.Name, "link", "set", cable, "master", bridge, "up"], ct);
        await Command.RunAsync("ip", ["-n", router, "-batch", "-"], ct, $"""
            link set lo up
            link set lan up
            addr replace {network.Gateway}/{network.Subnet.PrefixLength.ToString(CultureInfo.InvariantCulture)} dev lan

            """);

        // Guests cannot hear each other: the router answers for all of them, at once, and passes on what the rules allow.
        await NetworkNamespace.SetAsync(router, ("ipv4/conf/lan/proxy_arp_pvlan", "1"), ("ipv4/conf/lan/send_redirects", "0"), ("ipv4/neigh/lan/proxy_delay", "0"));
    }

    private static async Task<int> ApplyAsync(EngineSettings settings, NetworkSpec network, CancellationToken ct)
    {
        var router = settings.Router(network.Id);
        await Command.RunAsync("ip", ["netns", "exec", router, "nft", "-f", "-"], ct, NetworkRules.Router(network));
        await InEngineAsync(settings, ["nft", "-f", "-"], NetworkRules.Ports(network), ct);
        await Command.RunAsync("ip", ["-n", router, "-batch", "-"], ct,
            "neigh flush dev lan nud permanent\n" + string.Concat(network.Members.Select(member => $"neigh replace {member.Address} lladdr {member.Mac} dev lan nud permanent\n")));
        return await DhcpServer.EnsureAsync(settings, network, ct);
    }

    private static Task<string> InEngineAsync(EngineSettings settings, string[] command, string input, CancellationToken ct) =>
        Command.RunAsync("ip", ["netns", "exec", settings.Name, .. command], ct, input);

    private static async Task IgnoreFailureAsync(Task command)
    {
        try
        {
            await command;
        }
        catch (EngineException)
        {
            // What was to be removed is gone, or what was to be made is there; what matters is checked by the command after it.
        }
    }

    private static string Hash(NetworkSpec network) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
        NetworkRules.Router(network) + NetworkRules.Ports(network) + DhcpServer.Hosts(network) + DhcpServer.Names(network) + network.Gateway + network.Subnet)));

    /// <summary>What was last applied, and to which namespaces: after a reboot of the host, or when somebody removed one, it no longer stands.</summary>
    private sealed record Applied(string Hash, ulong? Engine, ulong? Router, int Dnsmasq, IReadOnlyList<string> Members)
    {
        public static string Folder(EngineSettings settings, string networkId) => Path.Combine(settings.Networks, EngineFolder.Checked(networkId));

        public static Applied? Read(EngineSettings settings, string networkId)
        {
            var file = Path.Combine(Folder(settings, networkId), "applied");
            return File.Exists(file) ? JsonSerializer.Deserialize<Applied>(File.ReadAllText(file)) : null;
        }

        public void Write(EngineSettings settings, string networkId)
        {
            var file = Path.Combine(Folder(settings, networkId), "applied");
            File.WriteAllText(file + ".new", JsonSerializer.Serialize(this));
            File.Move(file + ".new", file, overwrite: true);
        }

        public bool Stands(EngineSettings settings, string networkId) =>
            Engine is not null && Engine == NetworkNamespace.Identity(settings.Name)
            && Router is not null && Router == NetworkNamespace.Identity(settings.Router(networkId))
            && DhcpServer.Running(settings, networkId) == Dnsmasq;
    }
}
