using System.Security.Cryptography;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;

namespace Portal.Tests.Compute;

/// <summary>What every driver of <see cref="IComputeEngine"/> must do. Derive a class for each driver.</summary>
public abstract partial class ComputeEngineContract(EngineBench bench) : EngineSteps(bench)
{
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
}
