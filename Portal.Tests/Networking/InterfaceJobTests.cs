using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Networking;

/// <summary>Interfaces come and go while their instance runs, and while it does not.</summary>
[Trait("Needs", "database")]
public sealed class InterfaceJobTests(TestPostgres postgres) : NetworkScene(postgres)
{
    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_the_life_of_a_interface()
    {
        var instance = await InstanceAsync();
        foreach (
            var verb in new[]
            {
                nameof(INetworkEngine.EnsureNetworkAsync),
                nameof(INetworkEngine.AttachInterfaceAsync),
                nameof(INetworkEngine.DetachInterfaceAsync),
            }
        )
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Engine.FailOnce(verb, point);
                var networkInterface = Done(await Interfaces.AddAsync(Ada, instance.Id, HomeSubnet.Id, [HomeGroup.Id], Ct));
                await SettleAsync();
                Assert.Equal(InterfaceState.InUse, (await InterfaceOfAsync(instance.Id, networkInterface.Position)).State);
                Assert.Equal(2, Assert.Single(Engine.Machines).Interfaces.Count);
                Done(await Interfaces.RemoveAsync(Ada, networkInterface.Id, Ct));
                await SettleAsync();
                Assert.Equal(1, await ReadAsync(db => db.NetworkInterfaces.CountAsync(Ct)));
                Assert.Single(Assert.Single(Engine.Machines).Interfaces);
                Assert.Single(Assert.Single(Engine.Networks).Members);
            }
        }
    }

    [Fact]
    public async Task A_stopped_instance_gets_its_new_interface_with_its_next_start()
    {
        var instance = await InstanceAsync();
        await RunAsync(instance.Id, InstanceAction.Stop);
        var networkInterface = Done(await Interfaces.AddAsync(Ada, instance.Id, HomeSubnet.Id, [HomeGroup.Id], Ct));
        await SettleAsync();
        Assert.Equal(InterfaceState.InUse, (await InterfaceOfAsync(instance.Id, 1)).State);
        Assert.DoesNotContain(networkInterface.Id, Assert.Single(Engine.Machines).Interfaces);
        await RunAsync(instance.Id, InstanceAction.Start);
        Assert.Contains(networkInterface.Id, Assert.Single(Engine.Machines).Interfaces);
    }

    [Fact]
    public async Task A_guest_that_does_not_let_go_of_an_interface_loses_its_network_after_a_while()
    {
        Engine.RequestsUntilUnplugged = null;
        var instance = await InstanceAsync();
        var networkInterface = Done(await Interfaces.AddAsync(Ada, instance.Id, HomeSubnet.Id, [HomeGroup.Id], Ct));
        await SettleAsync();
        Done(await Interfaces.RemoveAsync(Ada, networkInterface.Id, Ct));
        await AdvanceAsync(networkInterface.Id);
        Assert.Equal(InterfaceState.Detaching, (await InterfaceOfAsync(instance.Id, 1)).State);
        Clock.Advance(NetworkInterface.UnplugLimit);
        await SettleAsync();
        Assert.Single(Assert.Single(Engine.Networks).Members);
        Assert.Equal(
            "The first interface stays: the instance's name and its way out hang on it.",
            (await Interfaces.RemoveAsync(Ada, (await InterfaceOfAsync(instance.Id)).Id, Ct)).Reason
        );
    }
}
