using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

public sealed class InMemoryEngineTests : ComputeEngineContract
{
    private readonly InMemoryEngine engine = new() { ObservationsUntilSsh = 2 };

    protected override IComputeEngine Engine => engine;

    protected override async Task<InstanceSpec> RunningMachineAsync()
    {
        var machine = await StartAsync(AMachine());
        engine.Used[machine.Id] = new MachineCounters(machine.Id, TimeSpan.FromSeconds(1), machine.Vcpus, 100, 200, [new DiskCounters("vda", 0, 0, 0, 0)], 0, 0);
        return machine;
    }

    protected override Task UseAsync(InstanceSpec machine)
    {
        engine.Used.AddOrUpdate(machine.Id, _ => Counters(2), (_, _) => Counters(3));
        return Task.CompletedTask;

        MachineCounters Counters(int seconds) => new(machine.Id, TimeSpan.FromSeconds(seconds), machine.Vcpus, 100, 200, [new DiskCounters("vda", 10 * seconds, 10 * seconds, seconds, seconds)], 5 * seconds, 6 * seconds);
    }

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
        engine.FailOnce(nameof(IComputeEngine.EnsureDiskAsync), FaultPoint.After);
        var machine = AMachine();
        await FailsAsync(EngineFault.Unavailable, () => Engine.EnsureDiskAsync(machine, Ct));
        Assert.Equal([machine.Id], engine.Disks);
        await Engine.EnsureDiskAsync(machine, Ct);
        Assert.Equal(2, engine.Calls[nameof(IComputeEngine.EnsureDiskAsync)]);
    }

    [Fact]
    public async Task An_engine_that_is_away_does_nothing()
    {
        engine.Away = "The host is being repaired.";
        await FailsAsync(EngineFault.Unavailable, () => Engine.EnsureDiskAsync(AMachine(), Ct));
        Assert.Empty(engine.Disks);
    }
}
