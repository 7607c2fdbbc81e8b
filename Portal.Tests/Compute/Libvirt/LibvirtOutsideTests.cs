using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Tests.Networking;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Shared;

namespace Portal.Tests.Compute;

/// <summary>
/// What reaches a guest from beyond its network, and what it reaches there: through the uplink, by public addresses, through a peering.
/// </summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtOutsideTests(TestEngine engine) : LibvirtSteps(engine)
{
    private static readonly IPNetwork Neighbours = IPNetwork.Parse("10.1.0.0/16");

    [Fact]
    public async Task Beyond_its_network_a_guest_reaches_what_was_turned_on_and_nothing_else()
    {
        var guest = await RunningMachineAsync();
        var peer = AMachine() with { Interfaces = [APeersInterface(10)] };
        var there = ANetwork.Of(peer) with { Range = Neighbours };
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
        await Networks.EnsureNetworkAsync(there, Ct);
        await BootAsync(peer);

        Assert.Equal(new UplinkObservation(false, null), await Networks.UplinkAsync(Ct));
        await using (var outside = await OutsideWorld.OpenAsync(Real))
        {
            Assert.Equal(new UplinkObservation(true, IPNetwork.Parse(OutsideWorld.Range)), await Networks.UplinkAsync(Ct));
            await TranslatesOutboundAsync(guest);
            await KeepsToItsLimitsAsync(guest);
            await LeadsPublicAddressesAsync(outside, guest, peer, there);
        }

        await PeersAsync(guest, peer, there);
        await PublishesPortsAsync(guest);
        await RemoveAllAsync(peer);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
    }

    /// <summary>
    /// Outside is seen the uplink's address; without it having been turned on nothing arrives, and private ranges are never reached.
    /// </summary>
    private async Task TranslatesOutboundAsync(InstanceSpec guest)
    {
        await IsRefusedAsync(guest, FromGuest.Fetch(OutsideWorld.Address));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest) with { Nat = true }, Ct);
        Assert.Equal(OutsideWorld.Uplink, await FetchAsync(guest, OutsideWorld.Address));
        await IsRefusedAsync(guest, FromGuest.Ping("169.254.169.254"));

        // Its own rules hold for that way too.
        var closed = ANetwork.Of(guest) with
        {
            Nat = true,
            Groups = [new GroupSpec(ANetwork.Group, [ANetwork.Ssh], [ANetwork.All with { Range = IPNetwork.Parse("10.0.0.0/8") }])],
        };
        await Networks.EnsureNetworkAsync(closed, Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch(OutsideWorld.Address));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch(OutsideWorld.Address));
    }

    /// <summary>No mail until its account may; and no more open at one time than a guest may have, by an engine that is told so.</summary>
    private async Task KeepsToItsLimitsAsync(InstanceSpec guest)
    {
        var outside = ANetwork.Of(guest) with { Nat = true };
        var mail = $"(sleep 1 | timeout $((w + 1)) nc -w $w {OutsideWorld.Address} 25) | head -c 3";
        await Networks.EnsureNetworkAsync(outside, Ct);
        await IsRefusedAsync(guest, mail);
        await Networks.EnsureNetworkAsync(outside with { Mail = true }, Ct);
        Assert.Equal("220", await MailAsync());

        using (
            var narrow = new LibvirtEngine(
                new EngineFolder(Real.Folder),
                new TypedAddresses(isLaptop: true),
                TimeProvider.System,
                UplinkLimits.Default with
                {
                    ConnectionsPerGuest = 2,
                }
            )
        )
        {
            await narrow.EnsureNetworkAsync(outside with { Mail = true }, Ct);
            await Real.SshAsync(
                guest,
                $"for n in 1 2; do (mkfifo /tmp/held$n; sleep 60 > /tmp/held$n & nc {OutsideWorld.Address} 25 < /tmp/held$n > /tmp/greeted$n 2>&1 &) > /dev/null 2>&1; done"
            );
            await UntilAsync(async () =>
                await Real.SshAsync(guest, "cat /tmp/greeted1 /tmp/greeted2 2> /dev/null | grep -c 220 || true") == "2"
            );
            await IsRefusedAsync(guest, mail);
            await Real.SshAsync(guest, "killall nc sleep; rm /tmp/held1 /tmp/held2");
            await UntilAsync(async () => await MailAsync() == "220");
        }

        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);

        Task<string> MailAsync() => Real.SshAsync(guest, $"w=3; {mail} 2> /dev/null");
    }

    /// <summary>
    /// What comes keeps its sender's address: a rule for some lets them in and nobody else. The address moves from one guest to another.
    /// </summary>
    private async Task LeadsPublicAddressesAsync(OutsideWorld outside, InstanceSpec guest, InstanceSpec peer, NetworkSpec there)
    {
        AddressSpec To(InstanceSpec machine) =>
            new("eipalloc-00000000000000001", machine.Id, machine.Interfaces[0].Address, IPAddress.Parse("203.0.113.5"), []);
        var led = ANetwork.Of(guest) with { Addresses = [To(guest)] };
        await Networks.EnsureNetworkAsync(led, Ct);
        Assert.Equal("SSH-", await outside.GreetAsync(OutsideWorld.Address, "203.0.113.5", 22));
        Assert.Equal("", await outside.GreetAsync(OutsideWorld.Address, "203.0.113.6", 22, isOpen: false));
        Assert.Equal("203.0.113.5", await FetchAsync(guest, OutsideWorld.Address));

        GroupSpec From(string range) =>
            new(
                ANetwork.Group,
                [ANetwork.Ssh with { Range = IPNetwork.Parse(range) }, ANetwork.Ssh with { Range = IPNetwork.Parse("127.0.0.1/32") }],
                [ANetwork.All]
            );
        await Networks.EnsureNetworkAsync(led with { Groups = [From($"{OutsideWorld.Address}/32")] }, Ct);
        Assert.Equal("SSH-", await outside.GreetAsync(OutsideWorld.Address, "203.0.113.5", 22));
        Assert.Equal("", await outside.GreetAsync("192.31.196.9", "203.0.113.5", 22, isOpen: false));

        // Of two customers one is reached by the other at his public address, and only there.
        await Networks.EnsureNetworkAsync(led, Ct);
        await Networks.EnsureNetworkAsync(there with { Nat = true }, Ct);
        Assert.StartsWith("SSH-", await Real.SshAsync(peer, "nc -w 10 203.0.113.5 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        await IsRefusedAsync(peer, FromGuest.Fetch("10.0.0.10"));

        await Networks.EnsureNetworkAsync(there with { Addresses = [To(peer)] }, Ct);
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
        Assert.Equal("203.0.113.5", await FetchAsync(peer, OutsideWorld.Address));
        Assert.Equal("SSH-", await outside.GreetAsync(OutsideWorld.Address, "203.0.113.5", 22));
        await IsRefusedAsync(guest, FromGuest.Fetch(OutsideWorld.Address));
        await Networks.EnsureNetworkAsync(there, Ct);
        Assert.Equal("", await outside.GreetAsync(OutsideWorld.Address, "203.0.113.5", 22, isOpen: false));
    }

    /// <summary>
    /// Across a peering hold the rules of both sides, by ranges; it ends when it is revoked, and does not come back when a router is made
    /// anew.
    /// </summary>
    private async Task PeersAsync(InstanceSpec guest, InstanceSpec peer, NetworkSpec there)
    {
        await IsRefusedAsync(guest, FromGuest.Fetch("10.1.0.10"));
        var here = ANetwork.Of(guest) with { Peers = [new PeerSpec("pcx-00000000000000001", peer.NetworkId, Neighbours)] };
        there = there with { Peers = [new PeerSpec("pcx-00000000000000001", guest.NetworkId, here.Range)] };
        await Networks.EnsureNetworkAsync(here, Ct);
        await Networks.EnsureNetworkAsync(there, Ct);
        Assert.StartsWith("SSH-", await Real.SshAsync(guest, "nc -w 10 10.1.0.10 22 < /dev/null | head -c 4"), StringComparison.Ordinal);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.1.0.10"));
        await Networks.EnsureNetworkAsync(there.With(Http("10.0.0.10/32")), Ct);
        Assert.Equal(peer.Id, await FetchAsync(guest, "10.1.0.10"));

        // Not by a group of the other side's: its members are others.
        await Networks.EnsureNetworkAsync(there.With(new GroupRule(TransportProtocol.Tcp, 80, 80, null, ANetwork.Group)), Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.1.0.10"));
        await Networks.EnsureNetworkAsync(there.With(Http("10.0.0.0/16")), Ct);
        await Networks.EnsureNetworkAsync(here with { Peers = [] }, Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.1.0.10"));
        await Networks.EnsureNetworkAsync(there with { Peers = [] }, Ct);
        await IsRefusedAsync(guest, FromGuest.Fetch("10.1.0.10"));
    }

    /// <summary>Where there is no range, a public address is ports of the host's loopback.</summary>
    private async Task PublishesPortsAsync(InstanceSpec guest)
    {
        var (port, other) = (TestPostgres.FreePort(), TestPostgres.FreePort());
        AddressSpec To(params PortForward[] forwards) =>
            new("eipalloc-00000000000000002", guest.Id, guest.Interfaces[0].Address, null, forwards);
        await Networks.EnsureNetworkAsync(
            ANetwork.Of(guest) with
            {
                Addresses = [To(new PortForward(port, 22), new PortForward(other, 80))],
            },
            Ct
        );
        await UntilAsync(async () => await GreetLoopbackAsync(port) == "SSH-");
        Assert.Equal("", await GreetLoopbackAsync(other));
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest) with { Addresses = [To(new PortForward(port, 2222))] }, Ct);
        await UntilAsync(async () => await GreetLoopbackAsync(port) == "");
        await Networks.EnsureNetworkAsync(ANetwork.Of(guest), Ct);
        Assert.DoesNotContain(
            Directory.GetFiles(Real.Settings.Published),
            file => File.ReadAllText(file).Contains("eipalloc", StringComparison.Ordinal)
        );
    }

    private static async Task<string> GreetLoopbackAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, patience.Token);
            var buffer = new byte[4];
            return System.Text.Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer, patience.Token));
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException or OperationCanceledException)
        {
            return "";
        }
    }

    private static InterfaceSpec APeersInterface(byte host)
    {
        var networkInterface = AnInterface(host);
        return networkInterface with
        {
            Subnet = IPNetwork.Parse("10.1.0.0/24"),
            Gateway = IPAddress.Parse("10.1.0.1"),
            Address = new IPAddress([10, 1, 0, host]),
        };
    }
}
