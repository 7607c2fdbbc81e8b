using System.Globalization;
using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>What tests do that only real guests can show something to.</summary>
public abstract class LibvirtSteps(TestEngine real) : EngineSteps(new LibvirtBench(real))
{
    protected TestEngine Real => real;

    protected static string PathOf(InstanceSpec machine, VolumeSpec volume) => LibvirtBench.PathOf(machine, volume);

    /// <summary>Another one, of two processors, which got a second interface after its first boot's seed was written.</summary>
    protected async Task<InstanceSpec> LargeMachineAsync() =>
        await LibvirtBench.StartedAsync(
            this,
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

    protected async Task<string> PidAsync(string file) => (await File.ReadAllTextAsync(Path.Combine(real.Settings.Run, file), Ct)).Trim();

    protected async Task AttachAsync(InstanceSpec machine, VolumeSpec volume, string device)
    {
        await Volumes.EnsureVolumeAsync(volume, Ct);
        await Volumes.EnsureAttachedAsync(new(volume, device), machine.Id, Ct);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) > 0);
    }

    protected async Task DetachAndRemoveAsync(InstanceSpec machine, VolumeSpec volume)
    {
        await UntilAsync(async () => (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    /// <summary>Starts them, and on each a web server that tells its machine's id.</summary>
    protected async Task BootAsync(params InstanceSpec[] machines)
    {
        foreach (var machine in machines)
        {
            await MakeVolumesAsync(machine);
            await Engine.EnsureMachineAsync(machine, Ct);
        }

        foreach (var machine in machines)
        {
            await UntilAsync(async () => await Engine.ObserveAsync(machine, Ct) is { SshAnswers: true, HostKey: not null });
            await real.ServeAsync(machine);
        }
    }

    protected Task<string> FetchAsync(InstanceSpec from, string address) => real.FetchAsync(from, address);

    protected async Task IsRefusedAsync(InstanceSpec from, params string[] probes) =>
        Assert.All(await real.TryAsync(from, probes), answer => Assert.Equal("", answer));

    protected static GroupRule Http(string range) => new(TransportProtocol.Tcp, 80, 80, IPNetwork.Parse(range), null);

    protected static async Task<int> UidAsync(string pid) =>
        int.Parse(
            (await File.ReadAllLinesAsync($"/proc/{pid}/status", Ct))
                .Single(line => line.StartsWith("Uid:", StringComparison.Ordinal))
                .Split('\t')[1],
            CultureInfo.InvariantCulture
        );

    /// <param name="machine">Any that is defined.</param>
    protected async Task RestartLibvirtdAsync(InstanceSpec machine, Func<Task>? meanwhile = null)
    {
        await TestEngine.RunAsync("kill", "-KILL", await PidAsync("libvirt/libvirtd.pid"));
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is EngineFault.Unavailable);
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        await real.StartAsync();
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
    }
}
