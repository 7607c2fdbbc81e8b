using System.Net;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;

namespace Portal.Tests.Compute;

/// <summary>What tests of an engine do with it, whichever driver is on the bench.</summary>
public abstract class EngineSteps(EngineBench bench)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected internal IComputeEngine Engine => bench.Engine;

    /// <summary>The same engine's networks.</summary>
    protected INetworkEngine Networks => (INetworkEngine)Engine;

    /// <summary>The same driver's guests.</summary>
    protected IGuestEngine Guests => (IGuestEngine)Engine;

    /// <summary>The same driver's disks.</summary>
    protected IVolumeEngine Volumes => (IVolumeEngine)Engine;

    /// <summary>What the same driver's machines use.</summary>
    protected IMetricsEngine Metrics => (IMetricsEngine)Engine;

    /// <inheritdoc cref="EngineBench.Promise"/>
    protected Applied Promise => bench.Promise;

    /// <summary>
    /// A network that is there, with one machine whose ssh answers. Tests leave it running; it may be shared between them.
    /// </summary>
    protected Task<InstanceSpec> RunningMachineAsync() => bench.RunningMachineAsync(this);

    protected Task UntilAsync(Func<Task<bool>> condition) => bench.UntilAsync(condition);

    protected Task<Uri> PublishAsync(byte[] content) => bench.PublishAsync(content);

    protected Task MarkDiskAsync(InstanceSpec machine) => bench.MarkDiskAsync(machine);

    protected Task<bool> HasMarkAsync(InstanceSpec machine) => bench.HasMarkAsync(machine);

    protected Task UseAsync(InstanceSpec machine) => bench.UseAsync(machine);

    protected Task SeesInterfaceAsync(InstanceSpec machine, InterfaceSpec networkInterface) =>
        bench.SeesInterfaceAsync(machine, networkInterface);

    protected Task<bool> CanSignInAsync(InstanceSpec machine, string password) => bench.CanSignInAsync(machine, password);

    protected Task<string> KeysAsync(InstanceSpec machine) => bench.KeysAsync(machine);

    protected Task<bool> IsRescueAsync(InstanceSpec machine) => bench.IsRescueAsync(machine);

    protected Task<bool> HasRunUserDataAsync(InstanceSpec machine) => bench.HasRunUserDataAsync(machine);

    protected Task MarkFromRescueAsync(InstanceSpec machine) => bench.MarkFromRescueAsync(machine);

    protected Task SeenInRescueAsync(InstanceSpec machine, int rescue) => bench.SeenInRescueAsync(machine, rescue);

    protected Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content) => bench.WriteAsync(machine, volume, content);

    protected Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume) => bench.ReadAsync(machine, volume);

    protected Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume) => bench.GuestSizeAsync(machine, volume);

    protected async Task<MachineCounters> CountersOfAsync(InstanceSpec machine) =>
        Assert.Single(await Metrics.CountersAsync(Ct), counters => counters.InstanceId == machine.Id);

    /// <summary>Asks until it is complete, as the job does.</summary>
    protected async Task<SnapshotSpec> TakeAsync(VolumeSpec volume)
    {
        var snapshot = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
        await UntilAsync(async () => (await Volumes.EnsureSnapshotAsync(snapshot, Ct)).IsComplete);
        return snapshot;
    }

    /// <summary>A new machine on a new network, both in the test's own range; nothing is made yet.</summary>
    protected internal InstanceSpec AMachine(string? network = null, byte host = 10)
    {
        var id = ResourceIds.New("i");
        return bench.Fit(
            new InstanceSpec(
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
            )
        );
    }

    /// <summary>An interface at this place of the test's first subnet, or of its second.</summary>
    protected internal static InterfaceSpec AnInterface(byte host, byte subnet = 0)
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

    protected internal async Task DefineAsync(InstanceSpec machine)
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

    protected internal async Task<InstanceSpec> StartAsync(InstanceSpec machine)
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

    protected Task<byte[]> AnImageAsync() => bench.AnImageAsync();

    protected static async Task FailsAsync(EngineFault fault, Func<Task> call) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<EngineException>(call)).Fault);

    /// <summary>Which of the <paramref name="wanted"/> came.</summary>
    protected internal static async Task<string> ReadUntilAsync(Stream stream, params string[] wanted)
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

    protected internal static async Task<EngineFault?> FaultOfAsync(Func<Task> call) => (await FailureOfAsync(call))?.Fault;

    protected internal static async Task<EngineException?> FailureOfAsync(Func<Task> call)
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
