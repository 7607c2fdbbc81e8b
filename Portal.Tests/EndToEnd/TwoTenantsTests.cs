using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.EndToEnd;

/// <summary>
/// Two customers who signed up, asked for instances and opened them to everybody; their networks have the same range. What real guests of
/// the one can reach of the other, of the host and of the engine: nothing. Each way is also tried where it leads somewhere, so that a probe
/// that never succeeds fails the test.
/// </summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class TwoTenantsTests(TestPostgres postgres, TestEngine engine) : TestDatabase(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guests_of_one_account_reach_nothing_of_another_s_of_the_host_s_or_of_the_engine_s()
    {
        await using var web = await PortalServer.StartAsync(ConnectionString);
        await using var worker = await WorkerServer.StartAsync(ConnectionString, settings: [("Engine:Folder", engine.Folder)]);
        var (ada, eve) = (await ACustomerAsync(web), await ACustomerAsync(web));
        var hers = await CreateAsync(ada, 2);
        var theirs = await CreateAsync(eve, 1);
        var (first, second) = (await RunningAsync(hers[0]), await RunningAsync(hers[1]));
        var stranger = await RunningAsync(theirs[0]);
        Assert.Equal(first.Interfaces[0].Address, stranger.Interfaces[0].Address);
        foreach (var machine in new[] { first, second, stranger })
        {
            await engine.ServeAsync(machine);
        }

        await TheOtherIsNotThereAsync(first, second, stranger);
        await NothingListensForItAsync(second, stranger);
        await ItSeesItsOwnSeedAndDisksAsync(first, stranger);
        await RemoveAsync(ada, hers);
        await RemoveAsync(eve, theirs);
    }

    /// <summary>At the address that both have, each finds its own; at one that only the other account has, nobody.</summary>
    private async Task TheOtherIsNotThereAsync(InstanceSpec first, InstanceSpec second, InstanceSpec stranger)
    {
        Assert.Equal(first.Id, await FetchAsync(second, first));
        Assert.Equal(stranger.Id, await FetchAsync(stranger, stranger));
        Assert.Equal("open", await engine.ConnectAsync(second, first.Interfaces[0].Address, 22));
        Assert.Equal("open", await engine.PingAsync(second, $"{first.Interfaces[0].Address}"));
        var other = second.Interfaces[0].Address;
        await IsRefusedAsync(stranger, FromGuest.Fetch($"{other}"), FromGuest.Connect(other, 22), FromGuest.Ping($"{other}"));

        // Nor by the hardware address, past the router's own idea of who is where.
        Assert.Equal("closed", await PingByMacAsync(stranger, second.Interfaces[0]));
        Assert.Contains($"{first.Interfaces[0].Address}", await LookUpAsync(second, first.HostName), StringComparison.Ordinal);
        Assert.DoesNotContain($"{second.Interfaces[0].Address}", await LookUpAsync(stranger, second.HostName), StringComparison.Ordinal);
    }

    /// <summary>
    /// On the host's loopback, on all its addresses, beside the engine's sockets and in both routers something listens, and is reached from
    /// beside it.
    /// </summary>
    private async Task NothingListensForItAsync(InstanceSpec guest, InstanceSpec stranger)
    {
        using var onLoopback = FromGuest.Listening(IPAddress.Loopback);
        using var onHost = FromGuest.Listening(IPAddress.Any);
        using var besideEngine = await NetworkNamespace.RunAsync(engine.Settings.Name, () => FromGuest.Listening(IPAddress.Any));
        using var onRouter = await NetworkNamespace.RunAsync(
            engine.Settings.Router(guest.NetworkId),
            () => FromGuest.Listening(IPAddress.Any)
        );
        using var onOthers = await NetworkNamespace.RunAsync(
            engine.Settings.Router(stranger.NetworkId),
            () => FromGuest.Listening(IPAddress.Any)
        );
        await ReachedBesideAsync(null, onLoopback, IPAddress.Loopback);
        await ReachedBesideAsync(null, onHost, IPAddress.Loopback);
        await ReachedBesideAsync(engine.Settings.Name, besideEngine, IPAddress.Loopback);
        await ReachedBesideAsync(engine.Settings.Router(guest.NetworkId), onRouter, guest.Interfaces[0].Gateway);
        await ReachedBesideAsync(engine.Settings.Router(stranger.NetworkId), onOthers, stranger.Interfaces[0].Gateway);

        var addresses = HostAddresses().Append(guest.Interfaces[0].Gateway).Append(IPAddress.Loopback).ToList();
        TcpListener[] listeners = [onLoopback, onHost, besideEngine, onRouter, onOthers];

        // Also what customers reach the other's guest by, and where clouds keep their metadata.
        var ports = listeners.Select(Port).Append(stranger.PublicPort!.Value);
        await IsRefusedAsync(
            guest,
            [
                .. ports.SelectMany(port => addresses.Select(address => FromGuest.Connect(address, port))),
                FromGuest.Connect(IPAddress.Parse("169.254.169.254"), 80),
            ]
        );
        Assert.All(listeners, listener => Assert.False(listener.Pending()));
    }

    /// <summary>What cloud-init is told is on a disk: the guest's own. It has no other disks and ports than it should have.</summary>
    private async Task ItSeesItsOwnSeedAndDisksAsync(InstanceSpec guest, InstanceSpec stranger)
    {
        var seed = await engine.SshAsync(guest, "cat /dev/vdb | strings | grep -o 'i-0[0-9a-f]\\{16\\}' | sort -u");
        Assert.Equal(guest.Id, seed);
        Assert.NotEqual(guest.Id, stranger.Id);
        var disks = await engine.SshAsync(guest, "ls /dev/disk/by-id");
        Assert.All(guest.Volumes, volume => Assert.Contains(Volume.Serial(volume.Volume.Id), disks, StringComparison.Ordinal));
        Assert.All(stranger.Volumes, volume => Assert.DoesNotContain(Volume.Serial(volume.Volume.Id), disks, StringComparison.Ordinal));
        Assert.Equal("sda\nvda\nvdb", await engine.SshAsync(guest, "ls /sys/block | grep '^[sv]d'"));
        Assert.Equal("org.qemu.guest_agent.0", await engine.SshAsync(guest, "cat /sys/class/virtio-ports/*/name"));
        Assert.Equal("", await engine.SshAsync(guest, "ls -d /sys/class/misc/vsock /dev/vsock 2> /dev/null || true"));
    }

    private async Task<Actor> ACustomerAsync(PortalServer web)
    {
        var person = await web.AddPersonAsync();
        await RunningMachines.ReadyToCreateAsync(this, person.AccountId);
        var actor = new Actor(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);
        await using var db = CreateDbContext();
        var group = await db.SecurityGroups.SingleAsync(group => group.AccountId == person.AccountId && group.IsDefault, Ct);
        NewRule All(RuleDirection direction) =>
            new(direction, TransportProtocol.All, 0, SecurityGroupRule.LastPort, NewRule.Anywhere, null);
        Assert.Null(
            (
                await new SecurityGroups(this, TimeProvider.System).SaveRulesAsync(
                    actor,
                    group.Id,
                    [All(RuleDirection.Inbound), All(RuleDirection.Outbound)],
                    Ct
                )
            ).Reason
        );
        return actor;
    }

    /// <summary>As the create page does it, each with a volume besides its root disk.</summary>
    private async Task<IReadOnlyList<Instance>> CreateAsync(Actor actor, int count)
    {
        var image = await RunningMachines.ReadyToCreateAsync(this, actor.AccountId);
        var made = await new CreateInstance(this, TimeProvider.System).RunAsync(
            actor,
            AnAccount.Wish(image, count) with
            {
                PublicKey = engine.PublicKey,
                Volumes = [new ExtraVolume(1, DeleteOnTermination: true)],
            },
            Ct
        );
        Assert.Null(made.Reason);
        return made.Value!;
    }

    /// <summary>By the worker's doing: it runs, its ssh answers, and its volumes are attached.</summary>
    private async Task<InstanceSpec> RunningAsync(Instance made)
    {
        Instance? seen = null;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                seen = await db.Instances.AsNoTracking().WithParts().SingleAsync(instance => instance.Id == made.Id, Ct);
                return seen is { State: InstanceState.Running, SshAt: not null, HostKey: not null, HasAgent: true }
                    && seen.Volumes.All(volume => volume.State is VolumeState.InUse);
            },
            Patience,
            () =>
                $"{seen?.Id} is {seen?.Status}: {seen?.LastError} {seen?.Waiting} {string.Join(' ', seen?.Volumes.Select(volume => $"{volume.Device} {volume.Status} {volume.LastError}") ?? [])}"
        );
        return seen!.Spec(TimeProvider.System.GetUtcNow());
    }

    private async Task RemoveAsync(Actor actor, IReadOnlyList<Instance> instances)
    {
        var ids = instances.Select(instance => instance.Id).ToArray();
        Assert.All(
            await new ChangeInstance(this, TimeProvider.System).RunAsync(actor, InstanceAction.Terminate, ids, Ct),
            change => Assert.Null(change.Outcome.Reason)
        );
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return !await db.Volumes.AnyAsync(volume => volume.AccountId == actor.AccountId && volume.State != VolumeState.Deleted, Ct);
            },
            Patience
        );
    }

    private Task<string> FetchAsync(InstanceSpec from, InstanceSpec to) => engine.FetchAsync(from, $"{to.Interfaces[0].Address}");

    private async Task IsRefusedAsync(InstanceSpec from, params string[] probes) =>
        Assert.All(await engine.TryAsync(from, probes), answer => Assert.Equal("", answer));

    private Task<string> PingByMacAsync(InstanceSpec from, InterfaceSpec to) =>
        engine.SshAsync(
            from,
            $"arp -s {to.Address} {to.Mac} && (ping -c 1 -W 2 {to.Address} > /dev/null && echo open || echo closed); arp -d {to.Address}"
        );

    private Task<string> LookUpAsync(InstanceSpec from, string host) =>
        engine.SshAsync(from, $"nslookup {host}.internal {from.Interfaces[0].Gateway} 2>&1 | tail -n +3");

    private static async Task ReachedBesideAsync(string? netns, TcpListener listener, IPAddress address)
    {
        using var socket = netns is null
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : await NetworkNamespace.SocketAsync(netns);
        await socket.ConnectAsync(address, Port(listener), Ct);
        using var accepted = await listener.AcceptSocketAsync(Ct);
    }

    private static IEnumerable<IPAddress> HostAddresses() =>
        System
            .Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(device => device.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .Where(address => address.AddressFamily is AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
