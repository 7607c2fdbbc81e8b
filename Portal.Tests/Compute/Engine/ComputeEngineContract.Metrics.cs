using Portal.Model.Compute;

namespace Portal.Tests.Compute;

/// <summary>What machines use, of every driver.</summary>
public abstract partial class ComputeEngineContract
{
    [Fact]
    public async Task A_running_machine_s_counters_rise_and_one_look_tells_of_all()
    {
        var machine = await RunningMachineAsync();
        var before = await CountersOfAsync(machine);
        await UseAsync(machine);
        var after = await CountersOfAsync(machine);
        Assert.True(after.Cpu > before.Cpu);
        Assert.True(after.Received > before.Received);
        Assert.True(after.Sent > before.Sent);
        var (then, now) = (Assert.Single(before.Disks), Assert.Single(after.Disks));
        Assert.Equal(then.Disk, now.Disk);
        Assert.True(now.WrittenBytes > then.WrittenBytes);
        Assert.True(now.Writes > then.Writes);
        Assert.Equal(machine.Vcpus, after.Vcpus);
        await UntilAsync(async () =>
            await CountersOfAsync(machine) is { MemoryUsedBytes: > 0, MemoryBytes: > 0 } told && told.MemoryUsedBytes < told.MemoryBytes
        );
    }

    [Fact]
    public async Task A_machine_that_does_not_run_uses_nothing()
    {
        var machine = AMachine() with { Power = MachinePower.Off };
        await DefineAsync(machine);
        Assert.DoesNotContain(await Metrics.CountersAsync(Ct), counters => counters.InstanceId == machine.Id);
        await RemoveAllAsync(machine);
    }
}
