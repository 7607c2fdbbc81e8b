using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>What real guests show when libvirtd, or the whole host, goes away under them.</summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtFaultTests(TestEngine engine) : LibvirtSteps(engine)
{
    [Fact]
    public async Task Guests_outlive_libvirtd_and_are_found_again()
    {
        var machine = await RunningMachineAsync();
        var (guest, libvirtd) = (await PidAsync($"libvirt/qemu/{machine.Id}.pid"), await PidAsync("libvirt/libvirtd.pid"));
        await RestartLibvirtdAsync(machine, async () => Assert.Equal(machine.HostName, await SshWhileAwayAsync(machine)));
        Assert.Equal(MachinePower.Running, (await Engine.EnsureMachineAsync(machine, Ct)).Power);
        Assert.Equal(guest, await PidAsync($"libvirt/qemu/{machine.Id}.pid"));
        Assert.NotEqual(libvirtd, await PidAsync("libvirt/libvirtd.pid"));
    }

    [Fact]
    public async Task After_a_power_cut_of_the_host_everything_is_made_again_with_the_same_disks()
    {
        var machine = await RunningMachineAsync();
        await MarkDiskAsync(machine);
        await CutPowerOfHostAsync();

        await Real.StartAsync();
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
        Assert.True(await Engine.ObserveAsync(machine, Ct) is { Power: MachinePower.Off, StoppedByGuest: false });
        await FailsAsync(EngineFault.Missing, () => Engine.EnsureMachineAsync(machine, Ct));
        await StartAsync(machine);
        Assert.True(await HasMarkAsync(machine));
    }

    /// <summary>
    /// Ends every process of the engine's and removes its namespaces and what /run held; the ports' forwarder of the tests goes on.
    /// </summary>
    private async Task CutPowerOfHostAsync()
    {
        var settings = Real.Settings;
        foreach (
            var line in (await TestPostgres.RunAsync("bin/engine", "status", Real.Folder))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
        )
        {
            if (line is ["process", var pid, not "Portal.Worker"])
            {
                await TestEngine.RunAsync("kill", "-KILL", pid);
            }
        }

        foreach (
            var line in (await TestPostgres.RunAsync("bin/engine", "status", Real.Folder))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
        )
        {
            if (line is ["namespace", var name])
            {
                await TestEngine.RunAsync("ip", "netns", "delete", name);
            }
        }

        Directory.Delete(Path.Combine(settings.Run, "libvirt"), recursive: true);
        Directory.Delete(settings.Networks, recursive: true);
    }

    /// <summary>The key was pinned by the last <see cref="TestEngine.SshAsync"/>; the engine cannot be asked now.</summary>
    private async Task<string> SshWhileAwayAsync(InstanceSpec machine) =>
        await TestEngine.RunAsync(
            "ssh",
            "-q",
            "-p",
            $"{machine.PublicPort}",
            "-i",
            Real.KeyFile,
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=20",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "StrictHostKeyChecking=no",
            "root@127.0.0.1",
            "hostname"
        );
}
