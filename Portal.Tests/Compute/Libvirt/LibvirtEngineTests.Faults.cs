using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>What real guests show when libvirtd, or the whole host, goes away under them.</summary>
public sealed partial class LibvirtEngineTests
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

        await real.StartAsync();
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
        Assert.True(await Engine.ObserveAsync(machine, Ct) is { Power: MachinePower.Off, StoppedByGuest: false });
        await FailsAsync(EngineFault.Missing, () => Engine.EnsureMachineAsync(machine, Ct));
        await StartAsync(machine);
        Assert.True(await HasMarkAsync(machine));
    }

    /// <param name="machine">Any that is defined.</param>
    private async Task RestartLibvirtdAsync(InstanceSpec machine, Func<Task>? meanwhile = null)
    {
        await TestEngine.RunAsync("kill", "-KILL", await PidAsync("libvirt/libvirtd.pid"));
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is EngineFault.Unavailable);
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        await real.StartAsync();
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
    }

    /// <summary>
    /// Ends every process of the engine's and removes its namespaces and what /run held; the ports' forwarder of the tests goes on.
    /// </summary>
    private async Task CutPowerOfHostAsync()
    {
        var settings = real.Settings;
        foreach (
            var line in (await TestPostgres.RunAsync("bin/engine", "status", real.Folder))
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
            var line in (await TestPostgres.RunAsync("bin/engine", "status", real.Folder))
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
            real.KeyFile,
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

    private async Task<string> PidAsync(string file) => (await File.ReadAllTextAsync(Path.Combine(real.Settings.Run, file), Ct)).Trim();

    private static async Task<EngineFault?> FaultOfAsync(Func<Task> call) => (await FailureOfAsync(call))?.Fault;

    private static async Task<EngineException?> FailureOfAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (EngineException error)
        {
            return error;
        }
    }
}
