using Portal.Compute;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Volumes;

namespace Portal.Tests.Compute;

public class InMemoryEngineTests : VolumeEngineContract
{
    private readonly InMemoryEngine engine;

    public InMemoryEngineTests()
        : this(new InMemoryEngine { ObservationsUntilSsh = 2 }) { }

    protected InMemoryEngineTests(InMemoryEngine engine) => this.engine = engine;

    protected override IComputeEngine Engine => engine;

    protected override async Task<InstanceSpec> RunningMachineAsync()
    {
        var machine = await StartAsync(AMachine());
        engine.Used[machine.Id] = new MachineCounters(
            machine.Id,
            TimeSpan.FromSeconds(1),
            machine.Vcpus,
            100,
            200,
            [new DiskCounters("vda", 0, 0, 0, 0)],
            0,
            0
        );
        return machine;
    }

    protected override Task UseAsync(InstanceSpec machine)
    {
        engine.Used.AddOrUpdate(machine.Id, _ => Counters(2), (_, _) => Counters(3));
        return Task.CompletedTask;

        MachineCounters Counters(int seconds) =>
            new(
                machine.Id,
                TimeSpan.FromSeconds(seconds),
                machine.Vcpus,
                100,
                200,
                [new DiskCounters("vda", 10 * seconds, 10 * seconds, seconds, seconds)],
                5 * seconds,
                6 * seconds
            );
    }

    protected override Task<bool> CanSignInAsync(InstanceSpec machine, string password) =>
        Task.FromResult(
            engine.Passwords.TryGetValue((machine.Volumes[0].Volume.Id, machine.SshUser), out var hash)
                && GuestPassword.Hash(password, hash) == hash
        );

    protected override Task<string> KeysAsync(InstanceSpec machine) =>
        Task.FromResult(string.Join('\n', engine.Keys[(machine.Volumes[0].Volume.Id, machine.SshUser)]));

    protected override Task<bool> IsRescueAsync(InstanceSpec machine) =>
        Task.FromResult(engine.Machines.Single(one => one.Spec.Id == machine.Id).IsRescue);

    protected override Task MarkFromRescueAsync(InstanceSpec machine) => MarkDiskAsync(machine);

    protected override Task MarkDiskAsync(InstanceSpec machine) => WriteAsync(machine, machine.Volumes[0].Volume, "marked");

    protected override async Task<bool> HasMarkAsync(InstanceSpec machine) =>
        await ReadAsync(machine, machine.Volumes[0].Volume) == "marked";

    protected override Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content)
    {
        engine.Write(volume.Id, content);
        return Task.CompletedTask;
    }

    protected override Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume) => Task.FromResult(engine.Read(volume.Id));

    protected override Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume) =>
        Task.FromResult(engine.GuestSizeOf(machine.Id, volume.Id));

    protected override async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var attempt = 0; !await condition(); attempt++)
        {
            Assert.True(attempt < 10, "It did not happen.");
        }
    }

    protected override Task<Uri> PublishAsync(byte[] content)
    {
        var address = new Uri($"http://images.invalid/{Guid.NewGuid()}");
        engine.Downloads[address] = content;
        return Task.FromResult(address);
    }

    [Fact]
    public async Task A_call_that_fails_after_its_effect_has_had_it()
    {
        engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.After);
        var volume = AVolume();
        await FailsAsync(EngineFault.Unavailable, () => Volumes.EnsureVolumeAsync(volume, Ct));
        Assert.Equal([volume.Id], engine.Volumes);
        await Volumes.EnsureVolumeAsync(volume, Ct);
        Assert.Equal(2, engine.Calls[nameof(IVolumeEngine.EnsureVolumeAsync)]);
    }

    [Fact]
    public async Task An_engine_that_is_away_does_nothing()
    {
        engine.Away = "The host is being repaired.";
        await FailsAsync(EngineFault.Unavailable, () => Volumes.EnsureVolumeAsync(AVolume(), Ct));
        Assert.Empty(engine.Volumes);
    }
}

/// <summary>The same of one that takes its time with everything, and does not tell when a network's members are under its rules.</summary>
public sealed class SlowInMemoryEngineTests : InMemoryEngineTests
{
    public SlowInMemoryEngineTests()
        : base(
            new InMemoryEngine
            {
                ObservationsUntilSsh = 2,
                ObservationsUntilReady = 2,
                Promise = Applied.Accepted,
            }
        ) { }

    protected override Applied Promise => Applied.Accepted;
}
