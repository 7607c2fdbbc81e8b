using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Networking;

namespace Portal.Tests.Compute;

/// <summary>What every driver of <see cref="INetworkEngine"/> must do.</summary>
public abstract partial class ComputeEngineContract
{
    [Fact]
    public async Task A_network_is_applied_as_far_as_the_engine_can_promise_and_again_at_once()
    {
        var machine = AMachine();
        Assert.Equal(Promise, await AppliedAsync(ANetwork.Of(machine)));
        Assert.Equal(Promise, await Networks.EnsureNetworkAsync(ANetwork.Of(machine), Ct));
        await Networks.RemoveNetworkAsync(machine.NetworkId, Ct);
    }

    [Fact]
    public async Task A_network_that_does_not_know_an_interface_plugs_it_into_nothing()
    {
        var machine = await RunningMachineAsync();
        await AppliedAsync(ANetwork.Of(machine));
        await FailsAsync(EngineFault.Missing, () => Networks.AttachInterfaceAsync(machine.Id, machine.NetworkId, AnInterface(99, 1), Ct));
    }

    [Fact]
    public async Task A_machine_whose_network_does_not_know_all_its_interfaces_does_not_start()
    {
        var machine = AMachine() with { Power = MachinePower.Off };
        await AppliedAsync(ANetwork.Of(machine));
        await MakeVolumesAsync(machine);
        await FailsAsync(
            EngineFault.Missing,
            () => Engine.EnsureMachineAsync(machine with { Interfaces = [.. machine.Interfaces, AnInterface(98, 1)] }, Ct)
        );
        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task Of_a_machine_that_is_off_or_was_never_made_nothing_is_plugged_in_or_out()
    {
        var machine = AMachine() with { Power = MachinePower.Off };
        await AppliedAsync(ANetwork.Of(machine));
        await PluggedInAsync(machine.Id, machine.NetworkId, machine.Interfaces[0]);
        Assert.True(await Networks.DetachInterfaceAsync(machine.Id, machine.Interfaces[0], Ct));
        await DefineAsync(machine);
        await PluggedInAsync(machine.Id, machine.NetworkId, machine.Interfaces[0]);
        Assert.True(await Networks.DetachInterfaceAsync(machine.Id, machine.Interfaces[0], Ct));
        Assert.Equal(MachinePower.Off, (await Engine.ObserveAsync(machine, Ct)).Power);
        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task An_interface_is_plugged_into_a_running_machine_once_and_out_again()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).SshAnswers);
        var networkInterface = AnInterface(20, 1);
        await AppliedAsync(ANetwork.Of(machine with { Interfaces = [.. machine.Interfaces, networkInterface] }));
        await PluggedInAsync(machine.Id, machine.NetworkId, networkInterface);
        await PluggedInAsync(machine.Id, machine.NetworkId, networkInterface);
        await SeesInterfaceAsync(machine, networkInterface);
        Assert.False(await Networks.DetachInterfaceAsync(machine.Id, networkInterface, Ct));
        await UntilAsync(() => Networks.DetachInterfaceAsync(machine.Id, networkInterface, Ct));
        Assert.True(await Networks.DetachInterfaceAsync(machine.Id, networkInterface, Ct));
        await AppliedAsync(ANetwork.Of(machine));
        Assert.Equal(MachinePower.Running, (await BroughtAsync(machine)).Power);
    }
}
