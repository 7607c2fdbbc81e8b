using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Networking;

/// <summary>Public addresses: where they lead, whose they are and what they cost.</summary>
[Trait("Needs", "database")]
public sealed class PublicAddressJobTests(TestPostgres postgres) : NetworkScene(postgres)
{
    [Fact]
    public async Task A_public_address_costs_from_its_allocation_to_its_release_and_leads_to_one_interface_at_a_time()
    {
        var (one, two) = (await InstanceAsync(), await InstanceAsync());
        var address = Done(await Addresses.AllocateAsync(Ada, "local", "front", Ct));
        Done(await Addresses.AssociateAsync(Ada, address.Id, (await InterfaceOfAsync(one.Id)).Id, Ct));
        await SettleAsync();
        Assert.Equal((one.Id, 10, 25000, 22), Led());
        Clock.Advance(TimeSpan.FromHours(2));
        Done(await Addresses.AssociateAsync(Ada, address.Id, (await InterfaceOfAsync(two.Id)).Id, Ct));
        await SettleAsync();
        Assert.Equal((two.Id, 10, 25000, 22), Led());
        Assert.Contains("unassign it first", (await Addresses.ReleaseAsync(Ada, address.Id, Ct)).Reason, StringComparison.Ordinal);
        Done(await Addresses.DisassociateAsync(Ada, address.Id, Ct));
        Done(await Addresses.ReleaseAsync(Ada, address.Id, Ct));
        Assert.Equal(1, await ReadAsync(db => db.PublicAddresses.CountAsync(Ct)));
        await SettleAsync();
        Assert.Empty(Assert.Single(Engine.Networks).Addresses);
        Assert.Equal(0, await ReadAsync(db => db.PublicAddresses.CountAsync(Ct)));
        var span = Assert.Single(await SpansAsync(address.Id));
        Assert.Equal((Skus.Address, TimeSpan.FromHours(2)), (span.Sku, span.To - span.From));

        (string, int, int, int) Led() =>
            Assert.Single(Assert.Single(Engine.Networks).Addresses) is var led
                ? (led.InstanceId, led.Forwards.Count, led.Forwards[0].Port, led.Forwards[0].GuestPort)
                : default;
    }

    [Fact]
    public async Task A_terminated_instance_lets_go_of_its_address_and_the_account_keeps_it()
    {
        var instance = await InstanceAsync();
        var address = Done(await Addresses.AllocateAsync(Ada, "local", "front", Ct));
        Done(await Addresses.AssociateAsync(Ada, address.Id, (await InterfaceOfAsync(instance.Id)).Id, Ct));
        await RunAsync(instance.Id, InstanceAction.Terminate);
        var kept = await ReadAsync(db => db.PublicAddresses.SingleAsync(Ct));
        Assert.Equal((null, null, null), (kept.InterfaceId, kept.NetworkId, kept.ReleasedAt));
        Assert.Null(Assert.Single(await SpansAsync(address.Id)).To);
    }

    [Fact]
    public async Task Of_addresses_the_account_has_no_more_than_its_quota_and_no_two_are_the_same()
    {
        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(_ => Task.Run(() => Addresses.AllocateAsync(Ada, "local", "a", Ct)))
        );
        Assert.Equal(5, outcomes.Count(outcome => outcome.IsDone));
        Assert.Equal(5, outcomes.Where(outcome => outcome.IsDone).Select(outcome => outcome.Value!.FirstPort).Distinct().Count());
        await ReadAsync(db =>
            db.Regions.ExecuteUpdateAsync(
                region => region.SetProperty(row => row.PublicRange, System.Net.IPNetwork.Parse("203.0.113.0/31")),
                Ct
            )
        );
        var eve = await AnAccount.ReadyAsync(this);
        Assert.Equal("203.0.113.0", $"{Done(await Addresses.AllocateAsync(eve, "local", "a", Ct)).Address}");
        Assert.Equal("203.0.113.1", $"{Done(await Addresses.AllocateAsync(eve, "local", "b", Ct)).Address}");
        Assert.Contains("no public address left", (await Addresses.AllocateAsync(eve, "local", "c", Ct)).Reason, StringComparison.Ordinal);
    }
}
