using System.Diagnostics;
using System.Globalization;
using System.Net;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// A private network's dnsmasq: fixed leases by MAC, and the members' names under <c>internal</c>. Other servers it asks only while the
/// network has a way outside.
/// </summary>
internal static class DhcpServer
{
    /// <summary>
    /// Brings it up to date, starting it if it does not run; its pid. It reads names and leases anew when told, its subnets at its start
    /// only.
    /// </summary>
    public static async Task<int> EnsureAsync(
        EngineSettings settings,
        NetworkSpec network,
        UplinkSettings? uplink,
        bool restart,
        bool reload,
        CancellationToken ct
    )
    {
        var files = Path.Combine(settings.Networks, network.Id);
        if (restart || reload)
        {
            Write(Path.Combine(files, "hosts"), Hosts(network), settings.DnsUid);
            Write(Path.Combine(files, "names"), Names(network), settings.DnsUid);
            Write(Path.Combine(files, "servers"), Servers(network, uplink), settings.DnsUid);
        }

        if (Running(settings, network.Id) is { } pid)
        {
            if (!restart)
            {
                if (reload)
                {
                    Libc.Signal(pid, Libc.Hangup);
                }

                return pid;
            }

            await EndAsync(pid, ct);
        }

        await Command.RunAsync(
            "ip",
            [
                "netns",
                "exec",
                settings.Router(network.Id),
                "dnsmasq",
                "--conf-file=/dev/null",
                "--bind-interfaces",
                "--interface=lan",
                "--except-interface=lo",
                "--no-resolv",
                "--no-hosts",
                $"--addn-hosts={files}/names",
                $"--dhcp-hostsfile={files}/hosts",
                $"--servers-file={files}/servers",
                "--domain=internal",
                "--local=/internal/",
                "--expand-hosts",
                "--leasefile-ro",
                $"--user={settings.Dns}",
                .. Ranges(network).Select(range => $"--dhcp-range={range}"),
                "--quiet-dhcp",
                "--log-facility=/dev/null",
                $"--pid-file={files}/dnsmasq.pid",
            ],
            ct
        );
        File.SetUnixFileMode(Path.Combine(files, "dnsmasq.pid"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Running(settings, network.Id) ?? 0;
    }

    public static string Hosts(NetworkSpec network) =>
        string.Concat(network.Members.Select(member => $"{member.Mac},{member.Address},infinite\n"));

    public static string Names(NetworkSpec network) =>
        string.Concat(
            network
                .Members.Where(member => member.HostName is { } name && IsLabel(name))
                .Select(member => $"{member.Address} {member.HostName}\n")
        );

    /// <summary>Whom it asks for names that are not the network's own.</summary>
    public static string Servers(NetworkSpec network, UplinkSettings? uplink) =>
        network.Nat ? string.Concat((uplink?.Resolvers ?? []).Select(resolver => $"server={resolver}\n")) : "";

    public static IEnumerable<string> Ranges(NetworkSpec network) =>
        network.Subnets.Select(subnet => $"{subnet.Range.BaseAddress},static,{Mask(subnet.Range)},infinite");

    /// <summary>The pid of the network's own dnsmasq, if it runs.</summary>
    public static int? Running(EngineSettings settings, string networkId)
    {
        var file = Path.Combine(settings.Networks, EngineFolder.Checked(networkId), "dnsmasq.pid");
        try
        {
            return
                int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var pid)
                && File.ReadAllText($"/proc/{pid}/cmdline").Contains(file, StringComparison.Ordinal)
                ? pid
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>It holds nothing that could be lost, so it is not asked. The next one can listen only once it is gone.</summary>
    private static async Task EndAsync(int pid, CancellationToken ct)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            await process.WaitForExitAsync(ct);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>
    /// It reads them again when it is told to, and is no longer root by then. Customers' names are nobody else's to read.
    /// </summary>
    private static void Write(string file, string text, int uid)
    {
        EngineFolder.WriteClosed(file, text);
        Libc.GiveTo(file, uid, 0);
    }

    private static IPAddress Mask(IPNetwork subnet) =>
        new(IPAddress.HostToNetworkOrder((int)(uint.MaxValue << (32 - subnet.PrefixLength))) & 0xFFFFFFFFL);

    private static bool IsLabel(string name) =>
        name.Length is > 0 and <= 63 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');
}
