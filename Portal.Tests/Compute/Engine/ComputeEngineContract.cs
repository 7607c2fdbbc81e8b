using System.Net;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;

namespace Portal.Tests.Compute;

/// <summary>What every driver of <see cref="IComputeEngine"/> must do. Derive a class for each driver.</summary>
public abstract partial class ComputeEngineContract
{
    protected abstract IComputeEngine Engine { get; }

    /// <summary>The same engine's networks.</summary>
    protected INetworkEngine Networks => (INetworkEngine)Engine;

    /// <summary>The same driver's guests.</summary>
    protected IGuestEngine Guests => (IGuestEngine)Engine;

    /// <summary>The same driver's disks.</summary>
    protected IVolumeEngine Volumes => (IVolumeEngine)Engine;

    /// <summary>
    /// A network that is there, with one machine whose ssh answers. Tests leave it running; it may be shared between them.
    /// </summary>
    protected abstract Task<InstanceSpec> RunningMachineAsync();

    /// <summary>Waits until <paramref name="condition"/> holds; fails when it does not within the driver's patience.</summary>
    protected abstract Task UntilAsync(Func<Task<bool>> condition);

    /// <summary>Makes <paramref name="content"/> something that can be fetched.</summary>
    protected abstract Task<Uri> PublishAsync(byte[] content);

    /// <summary>Leaves something on the running machine's root disk.</summary>
    protected abstract Task MarkDiskAsync(InstanceSpec machine);

    protected abstract Task<bool> HasMarkAsync(InstanceSpec machine);

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ensuring_twice_makes_one_machine()
    {
        var machine = await RunningMachineAsync();
        await AppliedAsync(ANetwork.Of(machine));
        await MakeVolumesAsync(machine);
        Assert.Equal(MachinePower.Running, (await BroughtAsync(machine)).Power);
        Assert.Single((await Engine.ListAsync(Ct)).InstanceIds, machine.Id);
        Assert.Single((await Engine.ListAsync(Ct)).NetworkIds, machine.NetworkId);
    }

    [Fact]
    public async Task A_running_machine_answers_ssh_and_tells_its_host_key()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => await Engine.ObserveAsync(machine, Ct) is { SshAnswers: true, HostKey: not null });
        var seen = await Engine.ObserveAsync(machine, Ct);
        Assert.Equal(MachinePower.Running, seen.Power);
        Assert.StartsWith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", seen.HostKey, StringComparison.Ordinal);
        Assert.Null(seen.Problem);
    }

    [Fact]
    public async Task What_was_never_made_is_missing()
    {
        var machine = AMachine();
        Assert.Equal(MachinePower.Missing, (await Engine.ObserveAsync(machine, Ct)).Power);
        Assert.DoesNotContain(machine.Id, (await Engine.ListAsync(Ct)).InstanceIds);
        Assert.Equal("", await Engine.ReadSerialLogAsync(machine.Id, 1024, Ct));
    }

    [Fact]
    public async Task A_machine_without_network_or_root_disk_is_missing_something()
    {
        var machine = AMachine();
        await AppliedAsync(ANetwork.Of(machine));
        await FailsAsync(EngineFault.Missing, () => Engine.EnsureMachineAsync(machine, Ct));
        await MakeVolumesAsync(machine);
        await FailsAsync(EngineFault.Missing, () => Engine.EnsureMachineAsync(machine with { Volumes = [] }, Ct));
        await Networks.RemoveNetworkAsync(machine.NetworkId, Ct);
        await FailsAsync(EngineFault.Missing, () => Engine.EnsureMachineAsync(machine, Ct));
        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task One_glance_tells_of_every_machine_what_a_look_at_each_does()
    {
        var (running, off) = (await RunningMachineAsync(), AMachine() with { Power = MachinePower.Off });
        await DefineAsync(off);
        await UntilAsync(async () => (await Engine.ObserveAsync(running, Ct)).AgentAnswers);
        await UntilAsync(async () => (await Engine.ObserveAllAsync(Ct))[running.Id].AgentAnswers);
        var seen = await Engine.ObserveAllAsync(Ct);
        Assert.Equal(new MachineGlance(MachinePower.Running, null, AgentAnswers: true), seen[running.Id]);
        Assert.Equal(new MachineGlance(MachinePower.Off, null, AgentAnswers: false), seen[off.Id]);
        await RemoveAllAsync(off);
        Assert.DoesNotContain(off.Id, (await Engine.ObserveAllAsync(Ct)).Keys);
    }

    [Fact]
    public async Task A_machine_wanted_off_is_defined_and_off()
    {
        var machine = AMachine() with { Power = MachinePower.Off };
        await DefineAsync(machine);
        Assert.Equal(MachinePower.Off, (await Engine.ObserveAsync(machine, Ct)).Power);
        await FailsAsync(EngineFault.Missing, () => Engine.OpenConsoleAsync(machine.Id, ConsoleKind.Text, Ct));
        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task Removing_twice_is_success_and_leaves_nothing()
    {
        var machine = AMachine() with { Power = MachinePower.Off };
        await DefineAsync(machine);
        await Engine.RemoveAsync(machine, Ct);
        await Engine.RemoveAsync(machine, Ct);
        Assert.Equal(MachinePower.Missing, (await Engine.ObserveAsync(machine, Ct)).Power);
        Assert.Equal(new VolumeObservation(1, null), await Volumes.ObserveVolumeAsync(machine.Volumes[0].Volume.Id, Ct));
        await Volumes.RemoveVolumeAsync(machine.Volumes[0].Volume.Id, Ct);
        await Networks.RemoveNetworkAsync(machine.NetworkId, Ct);
        await Networks.RemoveNetworkAsync(machine.NetworkId, Ct);
        var left = await Engine.ListAsync(Ct);
        Assert.DoesNotContain(machine.Id, left.InstanceIds);
        Assert.DoesNotContain(machine.NetworkId, left.NetworkIds);
    }

    [Fact]
    public async Task A_network_with_a_machine_on_it_is_not_removed()
    {
        var machine = await RunningMachineAsync();
        await FailsAsync(EngineFault.Rejected, () => Networks.RemoveNetworkAsync(machine.NetworkId, Ct));
        Assert.Contains(machine.NetworkId, (await Engine.ListAsync(Ct)).NetworkIds);
    }

    [Fact]
    public async Task Capacity_is_told_and_never_more_is_free_than_there_is()
    {
        var capacity = await Engine.CapacityAsync(Ct);
        Assert.NotEmpty(capacity.Virtualization);
        Assert.InRange(capacity.FreeVcpus, 0, capacity.TotalVcpus);
        Assert.InRange(capacity.FreeMemoryMiB, 1, capacity.TotalMemoryMiB);
        Assert.InRange(capacity.FreeDiskGiB, 1, capacity.TotalDiskGiB);
    }

    [Fact]
    public async Task The_text_console_echoes_what_is_typed()
    {
        var machine = await RunningMachineAsync();
        await using var console = await Engine.OpenConsoleAsync(machine.Id, ConsoleKind.Text, Ct);
        await console.WriteAsync("portal\r"u8.ToArray(), Ct);
        await console.FlushAsync(Ct);
        await ReadUntilAsync(console, "portal");
    }

    [Fact]
    public async Task The_graphical_console_speaks_RFB()
    {
        var machine = await RunningMachineAsync();
        await using var console = await Engine.OpenConsoleAsync(machine.Id, ConsoleKind.Graphical, Ct);
        await ReadUntilAsync(console, "RFB 003.");
    }

    [Fact]
    public async Task A_console_of_no_machine_is_missing() =>
        await FailsAsync(EngineFault.Missing, () => Engine.OpenConsoleAsync(AMachine().Id, ConsoleKind.Graphical, Ct));

    [Fact]
    public async Task The_serial_log_shows_a_login_and_is_cut_to_size()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () =>
            (await Engine.ReadSerialLogAsync(machine.Id, 65536, Ct)).Contains($"{machine.HostName} login:", StringComparison.Ordinal)
        );
        Assert.Equal(8, (await Engine.ReadSerialLogAsync(machine.Id, 8, Ct)).Length);
    }

    [Fact]
    public async Task A_fetched_image_appears_whole()
    {
        var content = await AnImageAsync();
        var name = $"fetched-{Guid.NewGuid():N}.qcow2";
        await Engine.FetchImageAsync(
            new ImageSource(name, await PublishAsync(content), Convert.ToHexString(SHA256.HashData(content))),
            null,
            Ct
        );
        Assert.Contains(name, await Engine.ImagesAsync(Ct));
    }

    [Fact]
    public async Task An_image_with_another_checksum_is_rejected()
    {
        var name = $"wrong-{Guid.NewGuid():N}.qcow2";
        var source = new ImageSource(name, await PublishAsync(await AnImageAsync()), new string('0', 64));
        await FailsAsync(EngineFault.Rejected, () => Engine.FetchImageAsync(source, null, Ct));
        Assert.DoesNotContain(name, await Engine.ImagesAsync(Ct));
    }

    [Fact]
    public async Task The_tiny_image_is_there() => Assert.Contains("tiny.qcow2", await Engine.ImagesAsync(Ct));

    [Fact]
    public async Task A_machine_reboots_stops_starts_with_another_size_and_goes()
    {
        var machine = await StartAsync(AMachine());
        var reboot = machine with { RebootsWanted = 1 };
        Assert.Equal(
            (MachinePower.Running, 1),
            await BroughtAsync(reboot) is var rebooted ? (rebooted.Power, rebooted.RebootsDone) : default
        );
        Assert.Equal(MachinePower.Running, (await Engine.EnsureMachineAsync(reboot, Ct)).Power);

        await UntilAsync(async () => (await Engine.ObserveAsync(reboot, Ct)).SshAnswers);
        await MarkDiskAsync(machine);
        var off = reboot with { Power = MachinePower.Off };
        Assert.Equal(MachinePower.Off, (await BroughtAsync(off)).Power);
        var larger = reboot with { Vcpus = 2, MemoryMiB = 320 };
        Assert.Equal(MachinePower.Running, (await BroughtAsync(larger)).Power);
        Assert.Equal(1, (await Engine.ObserveAsync(reboot, Ct)).RebootsDone);
        Assert.Equal(2, (await CountersOfAsync(larger)).Vcpus);

        await UntilAsync(async () => (await Engine.ObserveAsync(reboot, Ct)).SshAnswers);
        Assert.True(await HasMarkAsync(machine));
        Assert.Equal(MachinePower.Off, (await BroughtAsync(off with { Force = true })).Power);
        await RemoveAllAsync(machine);
    }

    /// <summary>What a rebuilding takes: another disk in the place of the old one, and all else as it was.</summary>
    [Fact]
    public async Task A_removed_machine_comes_back_on_another_disk_at_the_same_address_with_another_host_key()
    {
        var machine = await StartAsync(AMachine());
        var key = (await Engine.ObserveAsync(machine, Ct)).HostKey;
        await MarkDiskAsync(machine);
        await Engine.RemoveAsync(machine, Ct);
        Assert.Equal(new VolumeObservation(1, null), await Volumes.ObserveVolumeAsync(machine.Volumes[0].Volume.Id, Ct));

        var rebuilt = machine with { Volumes = [new VolumeAttachment(AVolume() with { ImageFile = "tiny.qcow2" }, Volume.RootDevice)] };
        await StartAsync(rebuilt);
        Assert.False(await HasMarkAsync(rebuilt));
        Assert.NotEqual(key, (await Engine.ObserveAsync(rebuilt, Ct)).HostKey);
        await Volumes.RemoveVolumeAsync(machine.Volumes[0].Volume.Id, Ct);
        await RemoveAllAsync(rebuilt);
    }

    /// <summary>A new machine on a new network, both in the test's own range; nothing is made yet.</summary>
    protected virtual InstanceSpec AMachine(string? network = null, byte host = 10)
    {
        var id = ResourceIds.New("i");
        return new InstanceSpec(
            id,
            "acc-1",
            $"m-{id[^6..]}",
            1,
            256,
            [new VolumeAttachment(AVolume() with { ImageFile = "tiny.qcow2" }, Volume.RootDevice)],
            "root",
            null,
            null,
            network ?? ResourceIds.New("vpc"),
            [AnInterface(host)],
            null,
            MachinePower.Running,
            Force: false,
            0
        );
    }

    /// <summary>An interface at this place of the test's first subnet, or of its second.</summary>
    protected static InterfaceSpec AnInterface(byte host, byte subnet = 0)
    {
        var id = ResourceIds.New("eni");
        return new InterfaceSpec(
            id,
            IPNetwork.Parse($"10.0.{subnet}.0/24"),
            new IPAddress([10, 0, subnet, 1]),
            new IPAddress([10, 0, subnet, host]),
            NetworkInterface.MacOf(id)
        );
    }

    protected static VolumeSpec AVolume(int sizeGiB = 1) => new(ResourceIds.New("vol"), "acc-1", sizeGiB, 1000, 100, null);

    protected async Task DefineAsync(InstanceSpec machine)
    {
        await AppliedAsync(ANetwork.Of(machine));
        await MakeVolumesAsync(machine);
        await BroughtAsync(machine);
    }

    /// <summary>Until the engine is no longer at it; what it promises then.</summary>
    protected async Task<Applied> AppliedAsync(NetworkSpec network)
    {
        var applied = Applied.UnderWay;
        await UntilAsync(async () => (applied = await Networks.EnsureNetworkAsync(network, Ct)) is not Applied.UnderWay);
        return applied;
    }

    /// <inheritdoc cref="AppliedAsync"/>
    protected async Task<MachineObservation> BroughtAsync(InstanceSpec machine)
    {
        MachineObservation? seen = null;
        await UntilAsync(async () => (seen = await Engine.EnsureMachineAsync(machine, Ct)) is { IsUnderWay: false });
        return seen!;
    }

    /// <inheritdoc cref="AppliedAsync"/>
    protected Task<VolumeObservation> MadeAsync(VolumeSpec volume) => SettledAsync(() => Volumes.EnsureVolumeAsync(volume, Ct));

    /// <inheritdoc cref="AppliedAsync"/>
    protected Task<VolumeObservation> AttachedAsync(VolumeAttachment volume, string instanceId) =>
        SettledAsync(() => Volumes.EnsureAttachedAsync(volume, instanceId, Ct));

    /// <inheritdoc cref="AppliedAsync"/>
    protected Task PluggedInAsync(string instanceId, string networkId, InterfaceSpec networkInterface) =>
        UntilAsync(() => Networks.AttachInterfaceAsync(instanceId, networkId, networkInterface, Ct));

    private async Task<VolumeObservation> SettledAsync(Func<Task<VolumeObservation>> ensure)
    {
        var seen = VolumeObservation.Missing;
        await UntilAsync(async () => (seen = await ensure()) is { IsUnderWay: false });
        return seen;
    }

    protected async Task MakeVolumesAsync(InstanceSpec machine)
    {
        foreach (var volume in machine.Volumes)
        {
            await MadeAsync(volume.Volume);
        }
    }

    protected async Task<InstanceSpec> StartAsync(InstanceSpec machine)
    {
        await DefineAsync(machine);
        await UntilAsync(async () => await Engine.ObserveAsync(machine, Ct) is { SshAnswers: true, HostKey: not null });
        return machine;
    }

    protected async Task RemoveAllAsync(InstanceSpec machine)
    {
        await Engine.RemoveAsync(machine, Ct);
        foreach (var volume in machine.Volumes)
        {
            await Volumes.RemoveVolumeAsync(volume.Volume.Id, Ct);
        }

        await Networks.RemoveNetworkAsync(machine.NetworkId, Ct);
    }

    protected virtual Task<byte[]> AnImageAsync() => Task.FromResult("an image"u8.ToArray());

    protected static async Task FailsAsync(EngineFault fault, Func<Task> call) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<EngineException>(call)).Fault);

    /// <summary>Which of the <paramref name="wanted"/> came.</summary>
    protected static async Task<string> ReadUntilAsync(Stream stream, params string[] wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        while (true)
        {
            var count = await stream.ReadAsync(buffer, patience.Token);
            Assert.True(count > 0, $"The stream ended before “{string.Join("” or “", wanted)}”: {text}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            if (Array.Find(wanted, one => text.ToString().Contains(one, StringComparison.Ordinal)) is { } came)
            {
                return came;
            }
        }
    }
}
