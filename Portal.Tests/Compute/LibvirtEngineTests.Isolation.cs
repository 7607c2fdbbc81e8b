using System.Net;
using System.Net.Sockets;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>
/// Who reaches whom, tried with real packets by a real guest: its neighbour on the same network, a stranger with the very address of
/// another customer's network, the router, the host.
/// </summary>
public sealed partial class LibvirtEngineTests
{
    private static readonly IPNetwork Everywhere = IPNetwork.Parse("0.0.0.0/0");

    [Fact]
    public async Task A_guest_reaches_what_the_rules_allow_and_nothing_else()
    {
        var guest = await RunningMachineAsync();
        var neighbour = AMachine(guest.NetworkId, 11) with { UserData = "#!/bin/sh\necho once >> /root/ran\n" };
        var stranger = AMachine(host: 12);
        await Engine.EnsureNetworkAsync(With(NetworkOf(guest, neighbour)), Ct);
        await Engine.EnsureNetworkAsync(NetworkOf(stranger), Ct);
        foreach (var machine in new[] { neighbour, stranger })
        {
            await Engine.EnsureDiskAsync(machine, Ct);
            await Engine.EnsureMachineAsync(machine, Ct);
        }

        foreach (var machine in new[] { neighbour, stranger })
        {
            await UntilAsync(async () => await Engine.ObserveAsync(machine, Ct) is { SshAnswers: true, HostKey: not null });
            await real.SshAsync(machine, $"mkdir -p /www; echo {machine.Id} > /www/index.html; httpd -p 80 -h /www");
        }

        // The neighbour: by ssh, since its rules say so; by HTTP only once they do, and only from whom they name.
        Assert.StartsWith("SSH-", await real.SshAsync(guest, "nc -w 5 10.0.0.11 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        Assert.Equal("", await FetchAsync(guest, "10.0.0.11"));
        await Engine.EnsureNetworkAsync(With(NetworkOf(guest, neighbour), Http("10.0.0.99/32")), Ct);
        Assert.Equal("", await FetchAsync(guest, "10.0.0.11"));
        await Engine.EnsureNetworkAsync(With(NetworkOf(guest, neighbour), Http("10.0.0.10/32")), Ct);
        Assert.Equal(neighbour.Id, await FetchAsync(guest, "10.0.0.11"));

        // The stranger listens for everybody, on the same range: from here nothing is at his address.
        await Engine.EnsureNetworkAsync(With(NetworkOf(stranger), Http("0.0.0.0/0")), Ct);
        Assert.Equal(stranger.Id, await FetchAsync(stranger, "127.0.0.1"));
        Assert.Equal("", await FetchAsync(guest, "10.0.0.12"));

        // A rule that names some closes the published port, whose visitors have no address of their own any more; the engine still sees the server.
        var closed = NetworkOf(guest, neighbour);
        closed = closed with { Members = [closed.Members[0], closed.Members[1] with { Inbound = [new InboundRule(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("10.0.0.0/24"))] }] };
        await Engine.EnsureNetworkAsync(closed, Ct);
        Assert.Equal("", await TestEngine.RunAsync("sh", "-c", $"ssh-keyscan -T 2 -t ed25519 -p {neighbour.PublicPort} 127.0.0.1 2> /dev/null || true"));
        await UntilAsync(async () => (await Engine.ObserveAsync(neighbour, Ct)).SshAnswers);
        await Engine.EnsureNetworkAsync(NetworkOf(guest, neighbour), Ct);

        await CannotReachHostAsync(guest);
        await CannotSpoofAsync(guest, neighbour);
        Assert.Contains(neighbour.HostName, await real.SshAsync(guest, $"nslookup {neighbour.HostName}.internal 10.0.0.1"), StringComparison.Ordinal);

        Assert.Contains("lease of 10.0.0.10 obtained", await real.SshAsync(guest, "udhcpc -i eth0 -n -q -f -t 5 -T 2 -s /bin/true 2>&1"), StringComparison.Ordinal);
        Assert.Equal("once", await real.SshAsync(neighbour, "cat /root/ran"));

        // A guest that shuts itself down is told apart from one whose power was cut.
        await real.SshAsync(neighbour, "poweroff");
        await UntilAsync(async () => await Engine.ObserveAsync(neighbour, Ct) is { Power: MachinePower.Off, StoppedByGuest: true });
        await Engine.EnsureMachineAsync(stranger with { Power = MachinePower.Off, Force = true }, Ct);
        Assert.False((await Engine.ObserveAsync(stranger, Ct)).StoppedByGuest);

        await Engine.RemoveAsync(neighbour, Ct);
        await RemoveAllAsync(stranger);
        await Engine.EnsureNetworkAsync(NetworkOf(guest), Ct);
    }

    /// <summary>Something listens at the gateway's address and on the host's loopback: no connection arrives at either.</summary>
    private async Task CannotReachHostAsync(InstanceSpec guest)
    {
        using var onGateway = await NetworkNamespace.RunAsync(real.Settings.Router(guest.NetworkId), () => Listening(IPAddress.Any));
        using var onHost = Listening(IPAddress.Loopback);
        Assert.Equal("open", await real.SshAsync(guest, "ping -c 1 -W 3 10.0.0.1 > /dev/null && echo open || echo closed"));
        foreach (var (address, listener) in new[] { (guest.Gateway, onGateway), (guest.Gateway, onHost), (IPAddress.Loopback, onHost) })
        {
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            Assert.Equal("closed", await real.SshAsync(guest, $"nc -w 2 {address} {port} < /dev/null > /dev/null 2>&1 && echo open || echo closed"));
            Assert.False(listener.Pending());
        }
    }

    /// <summary>With its own address a packet arrives, with another's it does not: neither an unused one nor its neighbour's.</summary>
    private async Task CannotSpoofAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        foreach (var address in new[] { "10.0.0.77", neighbour.Address.ToString() })
        {
            Assert.Equal("dropped", await real.SshAsync(guest, $"ip addr add {address}/32 dev eth0; ping -c 1 -W 2 -I {address} 10.0.0.1 > /dev/null && echo arrived || echo dropped; ip addr del {address}/32 dev eth0"));
        }

        // Nor can it draw its neighbour's traffic to itself by taking its MAC.
        await real.SshAsync(guest, $"(ip link set eth0 address {neighbour.Mac}; ping -c 2 -W 1 10.0.0.1; ip link set eth0 address {guest.Mac}) > /dev/null 2>&1");
        Assert.Equal(neighbour.HostName, await real.SshAsync(neighbour, "hostname"));
    }

    private Task<string> FetchAsync(InstanceSpec from, string address) => real.SshAsync(from, $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 4 nc -w 3 {address} 80 2> /dev/null | tail -n 1");

    private static NetworkSpec With(NetworkSpec network, params InboundRule[] more) =>
        network with { Members = [.. network.Members.Select(member => member with { Inbound = [.. member.Inbound, .. more] })] };

    private static InboundRule Http(string source) => new(TransportProtocol.Tcp, 80, 80, source == "0.0.0.0/0" ? Everywhere : IPNetwork.Parse(source));

    private static TcpListener Listening(IPAddress address)
    {
        var listener = new TcpListener(address, 0);
        listener.Start();
        return listener;
    }
}
