using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Networking;
using Portal.Tests.Shared;
using Portal.Tests.Volumes;

namespace Portal.Tests.Compute;

/// <summary>The contract, kept by real guests; and what only they can show.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed partial class LibvirtEngineTests(TestEngine real) : VolumeEngineContract
{
    /// <summary>Under emulation and with other work on the same cores, a boot may take this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    protected override IComputeEngine Engine => real.Engine;

    protected override InstanceSpec AMachine(string? network = null, byte host = 10) =>
        base.AMachine(network, host) with
        {
            PublicKey = real.PublicKey,
            PublicPort = TestPostgres.FreePort(),
        };

    protected override async Task<InstanceSpec> RunningMachineAsync() =>
        await StartedAsync(await real.SharedAsync("small", () => Task.FromResult(AMachine())));

    /// <summary>Another one, of two processors, which got a second interface after its first boot's seed was written.</summary>
    private async Task<InstanceSpec> LargeMachineAsync() =>
        await StartedAsync(
            await real.SharedAsync(
                "large",
                async () =>
                {
                    var machine = AMachine(host: 30) with { Vcpus = 2 };
                    await DefineAsync(machine with { Power = MachinePower.Off });
                    return machine with { Interfaces = [.. machine.Interfaces, AnInterface(30, 1)] };
                }
            )
        );

    private async Task<InstanceSpec> StartedAsync(InstanceSpec machine) =>
        await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null && (await Engine.ObserveAsync(machine, Ct)).SshAnswers
            ? machine
            : await StartAsync(machine);

    protected override Task MarkDiskAsync(InstanceSpec machine) => real.SshAsync(machine, "echo kept > /root/mark; sync");

    protected override async Task<bool> HasMarkAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "cat /root/mark 2> /dev/null || true") == "kept";

    protected override Task UseAsync(InstanceSpec machine) =>
        real.SshAsync(machine, "dd if=/dev/urandom of=/root/used bs=64k count=8 2>/dev/null; sync; rm /root/used");

    /// <summary>
    /// In the guest under the name by which udev, or the tiny image's mdev, finds a disk by its serial number; on the host with QEMU's own
    /// tool.
    /// </summary>
    protected override Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content) =>
        machine is null
            ? real.OnHostAsync(volume.Id, "write", content)
            : real.SshAsync(machine, $"printf %-512s '{content}' | dd of={PathOf(machine, volume)} conv=notrunc,fsync 2> /dev/null");

    protected override async Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume) =>
        (
            machine is null
                ? await real.OnHostAsync(volume.Id, "read", "")
                : await real.SshAsync(machine, $"dd if={PathOf(machine, volume)} bs=512 count=1 2> /dev/null")
        ).TrimEnd(' ', '\0');

    protected override async Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume) =>
        (int)(
            long.Parse(
                await real.SshAsync(machine, $"blockdev --getsize64 {PathOf(machine, volume)} 2> /dev/null || echo 0"),
                CultureInfo.InvariantCulture
            ) >> 30
        );

    private static string PathOf(InstanceSpec machine, VolumeSpec volume) =>
        machine.Volumes.Any(held => held.IsRoot && held.Volume.Id == volume.Id)
            ? $"/dev/disk/by-id/virtio-{Volume.Serial(volume.Id)}"
            : $"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{Volume.Serial(volume.Id)}";

    protected override async Task UntilAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Patience, $"It did not happen within {Patience.TotalSeconds:0} s.");
            await timer.WaitForNextTickAsync(Ct);
        }
    }

    protected override async Task<byte[]> AnImageAsync()
    {
        var file = Path.Combine(real.Folder, "an-image");
        await TestEngine.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", file, "1M");
        return await File.ReadAllBytesAsync(file, Ct);
    }

    /// <summary>Serves one answer over HTTP on the loopback.</summary>
    protected override Task<Uri> PublishAsync(byte[] content)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            using (listener)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                _ = await stream.ReadAsync(new byte[4096]);
                await stream.WriteAsync(
                    System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n")
                );
                await stream.WriteAsync(content);
            }
        });
        return Task.FromResult(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/image"));
    }

    [Fact]
    public async Task A_thin_volume_takes_its_whole_size_of_what_is_free()
    {
        var before = (await Engine.CapacityAsync(Ct)).FreeDiskGiB;
        var volume = AVolume(Math.Max(2, before / 2));
        await Volumes.EnsureVolumeAsync(volume, Ct);
        var after = (await Engine.CapacityAsync(Ct)).FreeDiskGiB;
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);

        // The host's disk is used by others too, but hardly by as much as a quarter of it in these seconds.
        Assert.InRange(after, 0, before * 3 / 4);
    }

    [Fact]
    public async Task A_running_guest_has_room_for_all_the_volumes_and_interfaces_that_an_instance_may_have()
    {
        var machine = await StartAsync(AMachine(host: 40));
        var volumes = Enumerable
            .Range(0, VolumeDevices.Most)
            .Select(place => new VolumeAttachment(AVolume(), $"sd{(char)('b' + place)}"))
            .ToArray();
        foreach (var volume in volumes)
        {
            await Volumes.EnsureVolumeAsync(volume.Volume, Ct);
            Assert.Equal(machine.Id, (await Volumes.EnsureAttachedAsync(volume, machine.Id, Ct)).InstanceId);
        }

        var networkInterfaces = Enumerable
            .Range(1, Interfaces.MaxPerInstance - 1)
            .Select(place => AnInterface((byte)(40 + place), (byte)place))
            .ToArray();
        machine = machine with { Volumes = [.. machine.Volumes, .. volumes], Interfaces = [.. machine.Interfaces, .. networkInterfaces] };
        await Networks.EnsureNetworkAsync(ANetwork.Of(machine), Ct);
        foreach (var networkInterface in networkInterfaces)
        {
            await Networks.AttachInterfaceAsync(machine.Id, machine.NetworkId, networkInterface, Ct);
            await SeesInterfaceAsync(machine, networkInterface);
        }

        foreach (var volume in volumes)
        {
            await UntilAsync(async () => await GuestSizeAsync(machine, volume.Volume) == 1);
        }

        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task Ssh_through_the_published_port_finds_the_machine_and_the_pinned_key()
    {
        var machine = await RunningMachineAsync();
        Assert.Equal(machine.HostName, await real.SshAsync(machine, "hostname"));
        var scanned = await TestEngine.RunAsync("ssh-keyscan", "-T", "20", "-t", "ed25519", "-p", $"{machine.PublicPort}", "127.0.0.1");
        Assert.EndsWith((await Engine.ObserveAsync(machine, Ct)).HostKey!, scanned, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_that_refers_to_a_file_of_the_host_is_rejected()
    {
        var file = Path.Combine(real.Folder, "leak");
        await TestEngine.RunAsync("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", file, "1M");
        var content = await File.ReadAllBytesAsync(file, Ct);
        var source = new ImageSource(
            "leak.qcow2",
            await PublishAsync(content),
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content))
        );
        await FailsAsync(Portal.Model.Shared.EngineFault.Rejected, () => Engine.FetchImageAsync(source, null, Ct));
        Assert.DoesNotContain("leak.qcow2", await Engine.ImagesAsync(Ct));
    }

    [Fact]
    public async Task An_unchanged_network_and_a_look_at_a_machine_cost_next_to_nothing()
    {
        var machine = await RunningMachineAsync();
        await Networks.EnsureNetworkAsync(ANetwork.Of(machine), Ct);
        Assert.InRange(await MedianAsync(() => Networks.EnsureNetworkAsync(ANetwork.Of(machine), Ct)), 0, 20);
        Assert.InRange(await MedianAsync(() => Engine.ObserveAsync(machine, Ct)), 0, 200);
    }

    [Fact]
    public async Task A_machine_of_which_no_interface_is_known_is_seen_as_it_is()
    {
        var machine = await RunningMachineAsync();
        Assert.True(await Engine.ObserveAsync(machine with { Interfaces = [] }, Ct) is { Power: MachinePower.Running, SshAnswers: false });
    }

    private static async Task<double> MedianAsync(Func<Task> call)
    {
        var times = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            var watch = Stopwatch.StartNew();
            await call();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return times.Order().ElementAt(4);
    }
}
