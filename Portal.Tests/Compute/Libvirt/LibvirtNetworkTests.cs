using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Tests.Networking;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>
/// Who reaches whom, tried with real packets by a real guest: its neighbour on the same subnet and on another, a stranger with the very
/// address range of another customer's network, the router, the host.
/// </summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtNetworkTests(TestEngine engine) : LibvirtSteps(engine)
{
    [Fact]
    public async Task A_guest_reaches_what_the_rules_allow_and_nothing_else()
    {
        var guest = await RunningMachineAsync();
        var neighbour = AMachine(guest.NetworkId, 11) with { UserData = "#!/bin/sh\necho once >> /root/ran\n" };
        var stranger = AMachine(host: 12);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour), Ct);
        await Networks.EnsureNetworkAsync(ANetwork.Of(stranger), Ct);
        await BootAsync(neighbour, stranger);

        await HoldsWithinASubnetAsync(guest, neighbour);
        await HoldsForOutboundAsync(guest, neighbour);
        await HoldsBetweenSubnetsAsync(guest, neighbour);
        await HoldsForPublishedPortsAsync(guest, neighbour);
        await NeverMeetsTheStrangerAsync(guest, stranger);
        await NothingOfTheEngineListensAsync(guest);
        await CannotReachHostAsync(guest);
        await CannotSpoofAsync(guest, neighbour);
        Assert.Contains(
            neighbour.HostName,
            await Real.SshAsync(guest, $"nslookup {neighbour.HostName}.internal 10.0.0.1"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "lease of 10.0.0.10 obtained",
            await Real.SshAsync(guest, "udhcpc -i eth0 -n -q -f -t 5 -T 2 -s /bin/true 2>&1"),
            StringComparison.Ordinal
        );
        Assert.Equal("once", await Real.SshAsync(neighbour, "cat /root/ran"));

        // A guest that shuts itself down is told apart from one whose power was cut.
        await Real.SshAsync(neighbour, "poweroff");
        await UntilAsync(async () => await Engine.ObserveAsync(neighbour, Ct) is { Power: MachinePower.Off, StoppedByGuest: true });
        await Engine.EnsureMachineAsync(stranger with { Power = MachinePower.Off, Force = true }, Ct);
        Assert.False((await Engine.ObserveAsync(stranger, Ct)).StoppedByGuest);

        await Engine.RemoveAsync(neighbour, Ct);
        await RemoveAllAsync(stranger);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
    }

    /// <summary>Somebody's ssh that nobody has ended, e.g.: the router's namespace lives on with it.</summary>
    [Fact]
    public async Task A_network_is_made_again_while_a_connection_into_its_former_router_is_still_open()
    {
        var network = ANetwork.Of(AMachine());
        await Networks.EnsureNetworkAsync(network, Ct);
        using (await NetworkNamespace.RunAsync(Real.Settings.Router(network.Id), () => FromGuest.Listening(IPAddress.Any)))
        {
            await Networks.RemoveNetworkAsync(network.Id, Ct);
            await Networks.EnsureNetworkAsync(network, Ct);
            Assert.Contains(
                ": lan@",
                await TestEngine.RunAsync("ip", "-n", Real.Settings.Router(network.Id), "-o", "link"),
                StringComparison.Ordinal
            );
        }

        await Networks.RemoveNetworkAsync(network.Id, Ct);
    }

    [Fact]
    public async Task An_interface_that_came_after_the_first_boots_seed_was_written_has_its_address_too()
    {
        var machine = await LargeMachineAsync();
        await SeesInterfaceAsync(machine, machine.Interfaces[1]);
    }

    /// <summary>By ssh, since the rules say so; by HTTP only once they do, and only from whom they name, by address or by group.</summary>
    private async Task HoldsWithinASubnetAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        Assert.StartsWith("SSH-", await Real.SshAsync(guest, "nc -w 10 10.0.0.11 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.0.11"));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour).With(Http("10.0.0.99/32")), Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.0.11"));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour).With(Http("10.0.0.10/32")), Ct);
        Assert.Equal(neighbour.Id, await FetchAsync(guest, "10.0.0.11"));

        var web = new GroupSpec(
            "sg-00000000000000002",
            [ANetwork.Ssh, new GroupRule(TransportProtocol.Tcp, 80, 80, null, ANetwork.Group)],
            [ANetwork.All]
        );
        var byGroup = ANetwork.Of(guest, neighbour).With(neighbour, web);
        await Networks.EnsureNetworkAsync(byGroup, Ct);
        Assert.Equal(neighbour.Id, await FetchAsync(guest, "10.0.0.11"));
        await Networks.EnsureNetworkAsync(byGroup.With(guest, web with { Id = "sg-00000000000000003" }), Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.0.11"));
    }

    /// <summary>What a guest may begin is said by its own groups, whatever the other side lets in.</summary>
    private async Task HoldsForOutboundAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        var open = ANetwork
            .Of(guest, neighbour)
            .With(Http("0.0.0.0/0"), new GroupRule(TransportProtocol.Icmp, 0, 65535, ANetwork.Everywhere, null));
        var quiet = open.With(
            guest,
            new GroupSpec(
                "sg-00000000000000004",
                [ANetwork.Ssh],
                [new GroupRule(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("10.0.0.11/32"), null)]
            )
        );
        await Networks.EnsureNetworkAsync(quiet, Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.0.11"), FromGuest.Ping("10.0.0.11"));
        Assert.StartsWith("SSH-", await Real.SshAsync(guest, "nc -w 10 10.0.0.11 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        await Networks.EnsureNetworkAsync(open, Ct);
        Assert.Equal(neighbour.Id, await FetchAsync(guest, "10.0.0.11"));
        Assert.Equal("open", await PingAsync(guest, "10.0.0.11"));
    }

    /// <summary>
    /// An interface that the neighbour gets while it runs, in another subnet: reached by the rules of its own groups, by no others.
    /// </summary>
    private async Task HoldsBetweenSubnetsAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        var networkInterface = AnInterface(12, 1);
        var network = ANetwork.Of(guest, neighbour with { Interfaces = [.. neighbour.Interfaces, networkInterface] });
        await Networks.EnsureNetworkAsync(network, Ct);
        await Networks.AttachInterfaceAsync(neighbour.Id, neighbour.NetworkId, networkInterface, Ct);
        await SeesInterfaceAsync(neighbour, networkInterface);
        Assert.StartsWith("SSH-", await Real.SshAsync(guest, "nc -w 10 10.0.1.12 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.1.12"));
        await Networks.EnsureNetworkAsync(network.With(Http("10.0.0.0/24")), Ct);
        Assert.Equal(neighbour.Id, await FetchAsync(guest, "10.0.1.12"));
        Assert.Equal(guest.HostName, await Real.SshAsync(guest, "hostname"));
        await UntilAsync(() => Networks.DetachInterfaceAsync(neighbour.Id, networkInterface, Ct));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour), Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.1.12"));
    }

    /// <summary>
    /// Who comes through a published port comes from the host's loopback: a rule for others closes it; the engine still sees the server.
    /// </summary>
    private async Task HoldsForPublishedPortsAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        GroupSpec From(string range) => new(ANetwork.Group, [ANetwork.Ssh with { Range = IPNetwork.Parse(range) }], [ANetwork.All]);
        Task<string> ScanAsync() =>
            TestEngine.RunAsync("sh", "-c", $"ssh-keyscan -T 5 -t ed25519 -p {neighbour.PublicPort} 127.0.0.1 2> /dev/null || true");
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour) with { Groups = [From("10.0.0.0/24")] }, Ct);
        Assert.Equal("", await ScanAsync());
        await UntilAsync(async () => (await Engine.ObserveAsync(neighbour, Ct)).SshAnswers);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour) with { Groups = [From("127.0.0.1/32")] }, Ct);
        Assert.Contains("ssh-ed25519", await ScanAsync(), StringComparison.Ordinal);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest, neighbour), Ct);
    }

    /// <summary>The stranger listens for everybody, on the same range: from here nothing is at his address.</summary>
    private async Task NeverMeetsTheStrangerAsync(InstanceSpec guest, InstanceSpec stranger)
    {
        await Networks.EnsureNetworkAsync(ANetwork.Of(stranger).With(Http("0.0.0.0/0")), Ct);
        Assert.Equal(stranger.Id, await FetchAsync(stranger, "127.0.0.1"));
        await IsRefusedAsync(guest, FromGuest.Fetch("10.0.0.12"), FromGuest.Fetch("169.254.169.254"));
        Assert.DoesNotContain(
            "10.0.0.12",
            await Real.SshAsync(guest, $"nslookup {stranger.HostName}.internal 10.0.0.1 2>&1 || true"),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// Where the engine's own sockets are no guest can send to: that namespace has no address, and nothing listens in it; in the router
    /// only DHCP and DNS do.
    /// </summary>
    private async Task NothingOfTheEngineListensAsync(InstanceSpec guest)
    {
        Assert.All(
            (await TestEngine.RunAsync("ip", "-n", Real.Settings.Name, "-4", "-o", "addr")).Split(
                '\n',
                StringSplitOptions.RemoveEmptyEntries
            ),
            line => Assert.Contains(" lo ", line, StringComparison.Ordinal)
        );
        Assert.Empty(await ListenersAsync(Real.Settings.Name, "tcp"));
        Assert.Equal([53], await ListenersAsync(Real.Settings.Router(guest.NetworkId), "tcp"));
        Assert.Equal([53, 67], await ListenersAsync(Real.Settings.Router(guest.NetworkId), "udp"));
    }

    /// <summary>
    /// Ports on which something listens in a namespace, as its kernel tells. https://docs.kernel.org/networking/proc_net_tcp.html
    /// </summary>
    private static async Task<IEnumerable<int>> ListenersAsync(string netns, string protocol)
    {
        var lines = (await TestEngine.RunAsync("ip", "netns", "exec", netns, "cat", $"/proc/net/{protocol}"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1);
        return lines
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => protocol == "udp" || fields[3] == "0A")
            .Select(fields => Convert.ToInt32(fields[1].Split(':')[1], 16))
            .Distinct()
            .Order();
    }

    /// <summary>Something listens at the gateway's address and on the host's loopback: no connection arrives at either.</summary>
    private async Task CannotReachHostAsync(InstanceSpec guest)
    {
        using var onGateway = await NetworkNamespace.RunAsync(
            Real.Settings.Router(guest.NetworkId),
            () => FromGuest.Listening(IPAddress.Any)
        );
        using var onHost = FromGuest.Listening(IPAddress.Loopback);
        Assert.Equal("open", await PingAsync(guest, "10.0.0.1"));
        var gateway = guest.Interfaces[0].Gateway;
        await IsRefusedAsync(
            guest,
            [
                .. new[] { (gateway, onGateway), (gateway, onHost), (IPAddress.Loopback, onHost) }.Select(to =>
                    FromGuest.Connect(to.Item1, ((IPEndPoint)to.Item2.LocalEndpoint).Port)
                ),
            ]
        );
        Assert.False(onGateway.Pending() || onHost.Pending());
    }

    /// <summary>With its own address a packet arrives, with another's it does not: neither an unused one nor its neighbour's.</summary>
    private async Task CannotSpoofAsync(InstanceSpec guest, InstanceSpec neighbour)
    {
        foreach (var address in new[] { "10.0.0.77", neighbour.Interfaces[0].Address.ToString() })
        {
            Assert.Equal(
                "dropped",
                await Real.SshAsync(
                    guest,
                    $"ip addr add {address}/32 dev eth0; ping -c 1 -W 2 -I {address} 10.0.0.1 > /dev/null && echo arrived || echo dropped; ip addr del {address}/32 dev eth0"
                )
            );
        }

        // Nor can it draw its neighbour's traffic to itself by taking its MAC.
        await Real.SshAsync(
            guest,
            $"(ip link set eth0 address {neighbour.Interfaces[0].Mac}; ping -c 2 -W 1 10.0.0.1; ip link set eth0 address {guest.Interfaces[0].Mac}) > /dev/null 2>&1"
        );
        Assert.Equal(neighbour.HostName, await Real.SshAsync(neighbour, "hostname"));
    }

    private Task<string> PingAsync(InstanceSpec from, string address) => Real.PingAsync(from, address);
}
