using Portal.Model.Compute;

namespace Portal.Tests.Compute;

/// <summary>A machine that runs another system than its own for a while.</summary>
public abstract partial class ComputeEngineContract
{
    [Fact]
    public async Task A_machine_is_rescued_with_its_own_disk_attached_and_comes_back_with_what_was_done_to_it()
    {
        var machine = await StartAsync(AMachine() with { UserData = "#!/bin/sh\necho once >> /root/ran\n" });
        var key = (await Engine.ObserveAsync(machine, Ct)).HostKey;
        Assert.False(await IsRescueAsync(machine));
        Assert.False(await HasMarkAsync(machine));
        await UntilAsync(() => HasRunUserDataAsync(machine));

        var rescue = machine with { Rescue = true, RebootsWanted = 1 };
        await UntilAsync(async () => await Engine.EnsureMachineAsync(rescue, Ct) is { Power: MachinePower.Running, RebootsDone: 1 });
        await UntilAsync(async () => await Engine.ObserveAsync(rescue, Ct) is { SshAnswers: true, HostKey: not null });
        Assert.True(await IsRescueAsync(rescue));
        Assert.NotEqual(key, (await Engine.ObserveAsync(rescue, Ct)).HostKey);
        Assert.Equal(machine.Id, (await Volumes.ObserveVolumeAsync(machine.Volumes[0].Volume.Id, Ct)).InstanceId);
        await MarkFromRescueAsync(rescue);
        await SeenInRescueAsync(rescue, 1);
        Assert.Equal(1, (await Engine.EnsureMachineAsync(rescue, Ct)).RebootsDone);

        // A restart of the rescue system stays in it.
        var again = rescue with
        {
            RebootsWanted = 2,
        };
        await UntilAsync(async () => await Engine.EnsureMachineAsync(again, Ct) is { Power: MachinePower.Running, RebootsDone: 2 });
        await UntilAsync(async () => await Engine.ObserveAsync(again, Ct) is { SshAnswers: true, HostKey: not null });
        Assert.True(await IsRescueAsync(again));
        await SeenInRescueAsync(again, 2);

        var back = machine with { RebootsWanted = 3 };
        await UntilAsync(async () => await Engine.EnsureMachineAsync(back, Ct) is { Power: MachinePower.Running, RebootsDone: 3 });
        await UntilAsync(async () => (await Engine.ObserveAsync(back, Ct)).SshAnswers);
        Assert.Equal(key, (await Engine.ObserveAsync(back, Ct)).HostKey);
        Assert.False(await IsRescueAsync(back));
        Assert.True(await HasMarkAsync(back));
        await SeenInRescueAsync(back, 0);

        // One that is off is started into it, and is off from it.
        await UntilAsync(async () =>
            (await Engine.EnsureMachineAsync(back with { Power = MachinePower.Off, Force = true }, Ct)).Power is MachinePower.Off
        );
        var started = machine with { Rescue = true, RebootsWanted = 4 };
        await UntilAsync(async () => await Engine.EnsureMachineAsync(started, Ct) is { Power: MachinePower.Running, RebootsDone: 4 });
        await UntilAsync(async () => await Engine.ObserveAsync(started, Ct) is { SshAnswers: true, HostKey: not null });
        Assert.True(await IsRescueAsync(started));
        Assert.Equal(
            MachinePower.Off,
            (await Engine.EnsureMachineAsync(machine with { RebootsWanted = 4, Power = MachinePower.Off, Force = true }, Ct)).Power
        );
        await RemoveAllAsync(machine);
    }
}
