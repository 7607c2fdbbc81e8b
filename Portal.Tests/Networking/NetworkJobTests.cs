using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Networking;

namespace Portal.Tests.Networking;

/// <summary>What is changed of a network reaches the engine, once, whatever fails on the way.</summary>
[Trait("Needs", "database")]
public sealed class NetworkJobTests(TestPostgres postgres) : NetworkScene(postgres)
{
    private static readonly NewRule Web = new(RuleDirection.Inbound, TransportProtocol.Tcp, 80, 80, NewRule.Anywhere, null);

    [Fact]
    public async Task Saved_rules_are_applied_and_the_group_says_when()
    {
        await InstanceAsync();
        Done(await Groups.SaveRulesAsync(Ada, HomeGroup.Id, [Web], Ct));
        Assert.Null((await GroupAsync()).AppliedAt);
        Clock.Advance(TimeSpan.FromMilliseconds(300));
        await AdvanceAsync(Home.Id);
        await AdvanceAsync(Home.Id);
        Assert.Equal(TimeSpan.FromMilliseconds(300), (await GroupAsync()).AppliedAfter);
        Assert.True((await NetworkAsync(Home.Id)).IsApplied);
        Assert.Equal(
            new GroupRule(TransportProtocol.Tcp, 80, 80, ANetwork.Everywhere, null),
            Assert.Single(Assert.Single(Engine.Networks).Groups[0].Inbound)
        );
    }

    [Fact]
    public async Task An_engine_that_is_away_makes_a_change_wait_with_a_sentence_and_then_holds_it()
    {
        await InstanceAsync();
        Engine.Away = "libvirt does not answer";
        Done(await Groups.SaveRulesAsync(Ada, HomeGroup.Id, [Web], Ct));
        await AdvanceAsync(Home.Id);
        Assert.Contains("will be applied automatically", (await NetworkAsync(Home.Id)).Waiting, StringComparison.Ordinal);
        Clock.Advance(Network.ApplyLimit + TimeSpan.FromSeconds(1));
        await Get<NetworkSweep>().SweepAsync(Ct);
        Assert.Single(await IncidentsAsync(), incident => incident.ClosedAt == null);

        Engine.Away = null;
        await SettleAsync();
        Assert.Equal((true, null), ((await NetworkAsync(Home.Id)).IsApplied, (await NetworkAsync(Home.Id)).Waiting));
        await Get<NetworkSweep>().SweepAsync(Ct);
        Assert.DoesNotContain(await IncidentsAsync(), incident => incident.ClosedAt == null);
    }

    [Fact]
    public async Task A_network_is_not_deleted_with_something_in_it_and_takes_it_along_when_told_to()
    {
        var instance = await InstanceAsync();
        var address = Done(await Addresses.AllocateAsync(Ada, "local", "front", Ct));
        Done(await Addresses.AssociateAsync(Ada, address.Id, (await InterfaceOfAsync(instance.Id)).Id, Ct));
        await SettleAsync();
        var delete = new DeleteNetwork(this, Clock);
        Assert.Equal(
            "The network holds the instance amber-falcon and a public address.",
            (await delete.RunAsync(Ada, Home.Id, withContents: false, Ct)).Reason
        );
        Assert.Equal(instance.Id, Assert.Single(Done(await delete.RunAsync(Ada, Home.Id, withContents: true, Ct))).Id);
        Assert.Equal("deleting", (await NetworkAsync(Home.Id)).Status);
        Assert.Contains("being deleted", (await delete.RunAsync(Ada, Home.Id, withContents: true, Ct)).Reason, StringComparison.Ordinal);
        await SettleAsync();
        Assert.Equal("deleted", (await NetworkAsync(Home.Id)).Status);
        Assert.Empty(Engine.Networks);
        Assert.Empty(Engine.Machines);
        Assert.Equal((0, 0), (await ReadAsync(db => db.Subnets.CountAsync(Ct)), await ReadAsync(db => db.SecurityGroups.CountAsync(Ct))));
        Assert.Equal(
            (null, null),
            await ReadAsync(db =>
                db.PublicAddresses.Select(row => new ValueTuple<string?, string?>(row.InterfaceId, row.NetworkId)).SingleAsync(Ct)
            )
        );
        Assert.Contains("no such network", (await delete.RunAsync(Ada, Home.Id, withContents: true, Ct)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_protected_instance_keeps_its_network()
    {
        var instance = await InstanceAsync();
        Assert.True((await new EditInstance(this, Clock).ProtectAsync(Ada, instance.Id, true, Ct)).IsDone);
        Assert.Contains(
            "protected",
            (await new DeleteNetwork(this, Clock).RunAsync(Ada, Home.Id, withContents: true, Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal("available", (await NetworkAsync(Home.Id)).Status);
    }

    [Fact]
    public async Task A_way_outside_needs_an_uplink_and_costs_while_the_engine_has_it()
    {
        await InstanceAsync();
        var edit = new EditNetwork(this, Clock);
        Assert.Contains("no connection to the Internet", (await edit.SetNatAsync(Ada, Home.Id, true, Ct)).Reason, StringComparison.Ordinal);
        await ReadAsync(db => db.Regions.ExecuteUpdateAsync(region => region.SetProperty(row => row.HasUplink, true), Ct));
        Assert.True((await edit.SetNatAsync(Ada, Home.Id, true, Ct)).IsDone);
        Assert.Empty(await SpansAsync(Home.Id));
        await SettleAsync();
        Assert.True(Assert.Single(Engine.Networks).Nat);
        Clock.Advance(TimeSpan.FromHours(3));
        Assert.True((await edit.SetNatAsync(Ada, Home.Id, false, Ct)).IsDone);
        await SettleAsync();
        var span = Assert.Single(await SpansAsync(Home.Id));
        Assert.Equal((Skus.Nat, TimeSpan.FromHours(3)), (span.Sku, span.To - span.From));
        Assert.Equal(["CreateNatGateway", "DeleteNatGateway"], await AuditAsync(Home.Id));
    }

    [Fact]
    public async Task An_instance_is_made_in_the_chosen_subnet_and_groups_with_an_address_of_its_own_or_not_at_all()
    {
        Assert.True((await new EditSubnets(this, Clock).AddAsync(Ada, Home.Id, new("b", "10.0.7.0/28"), Ct)).IsDone);
        var subnet = await ReadAsync(db => db.Subnets.SingleAsync(subnet => subnet.Name == "b", Ct));
        var web = Done(await Groups.CreateAsync(Ada, Home.Id, "web", [Web], Ct));
        var create = new CreateInstance(this, Clock);
        var wish = AnAccount.Wish(await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId), count: 2) with
        {
            SubnetId = subnet.Id,
            SecurityGroupIds = [web.Id],
            WithAddress = true,
        };
        var made = Done(await create.RunAsync(Ada, wish, Ct));
        Assert.Equal(["10.0.7.4", "10.0.7.5"], made.Select(instance => $"{instance.Address}"));
        Assert.Equal(web.Id, Assert.Single((await InterfaceOfAsync(made[0].Id)).Groups).SecurityGroupId);
        await SettleAsync();
        Assert.Equal(
            made.Select(instance => instance.Id).Order(),
            Assert.Single(Engine.Networks).Addresses.Select(address => address.InstanceId).Order()
        );

        // The quota is five addresses: of four more instances none is made, nor an address.
        var more = await create.RunAsync(Ada, wish with { Count = 4, RequestToken = "more" }, Ct);
        Assert.Contains("quota is 5 public addresses", more.Reason, StringComparison.Ordinal);
        Assert.Equal(
            (2, 2),
            (await ReadAsync(db => db.Instances.CountAsync(Ct)), await ReadAsync(db => db.PublicAddresses.CountAsync(Ct)))
        );
        var eve = await AnAccount.ReadyAsync(this);
        Assert.Contains(
            "no such subnet",
            (await create.RunAsync(eve, wish with { RequestToken = "eve" }, Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "not there any more",
            (await create.RunAsync(eve, wish with { SubnetId = null, RequestToken = "eve" }, Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Without_a_network_no_instance_is_made_and_the_reason_is_said()
    {
        Done(await new DeleteNetwork(this, Clock).RunAsync(Ada, Home.Id, withContents: false, Ct));
        await SettleAsync();
        var wish = AnAccount.Wish(await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId));
        Assert.Contains(
            "You have no network",
            (await new CreateInstance(this, Clock).RunAsync(Ada, wish, Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_renamed_instance_is_found_by_its_new_name()
    {
        var instance = await InstanceAsync();
        Assert.True((await new EditInstance(this, Clock).RenameAsync(Ada, instance.Id, "Web Server", Ct)).IsDone);
        await SettleAsync();
        Assert.Equal("web-server", Assert.Single(Assert.Single(Engine.Networks).Members).HostName);
    }

    private Task<SecurityGroup> GroupAsync() => ReadAsync(db => db.SecurityGroups.SingleAsync(group => group.Id == HomeGroup.Id, Ct));

    private Task<List<Incident>> IncidentsAsync() =>
        ReadAsync(db => db.Incidents.Where(incident => incident.ResourceId == Home.Id).ToListAsync(Ct));
}
