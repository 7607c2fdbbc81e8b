using System.Diagnostics;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Networking;

namespace Portal.Tests.Compute;

/// <summary>What only real guests can show of a machine as such.</summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtMachineTests(TestEngine engine) : LibvirtSteps(engine)
{
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
        Assert.Equal(machine.HostName, await Real.SshAsync(machine, "hostname"));
        var scanned = await TestEngine.RunAsync("ssh-keyscan", "-T", "20", "-t", "ed25519", "-p", $"{machine.PublicPort}", "127.0.0.1");
        Assert.EndsWith((await Engine.ObserveAsync(machine, Ct)).HostKey!, scanned, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_that_refers_to_a_file_of_the_host_is_rejected()
    {
        var file = Path.Combine(Real.Folder, "leak");
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
