using Microsoft.EntityFrameworkCore;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Networking;

[Trait("Needs", "database")]
public sealed class NetworkVerbTests(TestPostgres postgres) : NetworkScene(postgres)
{
    private CreateNetwork Create => new(this, Clock);

    private Peerings Peers => new(this, Clock);

    [Fact]
    public async Task A_network_has_its_subnets_and_a_group_that_lets_SSH_in_and_everything_out()
    {
        var made = Done(await Create.RunAsync(Ada, Wish(), Ct));
        await using var db = CreateDbContext();
        Assert.Equal(
            ["10.1.0.0/24", "10.1.1.0/24"],
            (await db.Subnets.Where(subnet => subnet.NetworkId == made.Id).ToListAsync(Ct)).Select(subnet => $"{subnet.Range}").Order()
        );
        var group = await db.SecurityGroups.Include(group => group.Rules).SingleAsync(group => group.NetworkId == made.Id, Ct);
        Assert.Equal((true, 2), (group.IsDefault, group.Rules.Count));
        Assert.Equal(["CreateVpc"], await AuditAsync(made.Id));
    }

    [Fact]
    public async Task One_request_sent_ten_times_at_once_makes_one_network()
    {
        var wish = Wish();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Create.RunAsync(Ada, wish, Ct))));
        Assert.Single(outcomes.Select(outcome => Done(outcome).Id).Distinct());
        Assert.Equal(2, await ReadAsync(db => db.Networks.CountAsync(network => network.AccountId == Ada.AccountId, Ct)));
    }

    [Theory]
    [InlineData("8.8.0.0/16", "8.8.0.0/24", "belongs to the Internet")]
    [InlineData("10.1.0.0/16", "10.2.0.0/24", "not within")]
    [InlineData("10.1.0.0/16", "10.1.0.7/24", "the range is 10.1.0.0/24")]
    public async Task Nonsense_is_refused_and_makes_nothing(string range, string subnet, string reason)
    {
        Assert.Contains(
            reason,
            (await Create.RunAsync(Ada, Wish() with { Range = range, Subnets = [new("a", subnet)] }, Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal(1, await ReadAsync(db => db.Networks.CountAsync(network => network.AccountId == Ada.AccountId, Ct)));
    }

    [Fact]
    public async Task The_quota_holds_under_parallel_requests()
    {
        await ReadAsync(db =>
            db.Accounts.Where(account => account.Id == Ada.AccountId)
                .ExecuteUpdateAsync(account => account.SetProperty(row => row.NetworkLimit, 4), Ct)
        );
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Create.RunAsync(Ada, Wish(), Ct))));
        Assert.Equal(3, outcomes.Count(outcome => outcome.IsDone));
        Assert.All(
            outcomes.Where(outcome => !outcome.IsDone),
            outcome => Assert.Contains("quota is 4 networks", outcome.Reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_subnet_with_an_interface_in_it_stays_and_an_empty_one_goes()
    {
        var subnets = new EditSubnets(this, Clock);
        await InstanceAsync(running: false);
        Assert.Contains("overlaps", (await subnets.AddAsync(Ada, Home.Id, new("b", "10.0.0.0/25"), Ct)).Reason, StringComparison.Ordinal);
        Assert.True((await subnets.AddAsync(Ada, Home.Id, new("b", "10.0.1.0/24"), Ct)).IsDone);
        var added = await ReadAsync(db => db.Subnets.SingleAsync(subnet => subnet.Name == "b", Ct));
        Assert.Contains("is in it", (await subnets.RemoveAsync(Ada, Home.Id, HomeSubnet.Id, Ct)).Reason, StringComparison.Ordinal);
        Assert.True((await subnets.RemoveAsync(Ada, Home.Id, added.Id, Ct)).IsDone);
        Assert.Equal(["CreateSubnet", "DeleteSubnet"], await AuditAsync(Home.Id));
    }

    [Fact]
    public async Task A_group_that_is_used_or_named_or_the_default_is_not_deleted()
    {
        var web = Done(await Groups.CreateAsync(Ada, Home.Id, "web", [], Ct));
        var db = Done(
            await Groups.CreateAsync(Ada, Home.Id, "db", [new(RuleDirection.Inbound, TransportProtocol.Tcp, 5432, 5432, null, web.Id)], Ct)
        );
        Assert.Contains("default", (await Groups.DeleteAsync(Ada, HomeGroup.Id, Ct)).Reason, StringComparison.Ordinal);
        Assert.Contains("“db” refers", (await Groups.DeleteAsync(Ada, web.Id, Ct)).Reason, StringComparison.Ordinal);
        var networkInterface = await InterfaceOfAsync((await InstanceAsync(running: false)).Id);
        Done(await Interfaces.SetGroupsAsync(Ada, networkInterface.Id, [db.Id], Ct));
        Assert.Contains("is in it", (await Groups.DeleteAsync(Ada, db.Id, Ct)).Reason, StringComparison.Ordinal);
        Done(await Interfaces.SetGroupsAsync(Ada, networkInterface.Id, [HomeGroup.Id], Ct));
        Done(await Groups.DeleteAsync(Ada, db.Id, Ct));
        Done(await Groups.DeleteAsync(Ada, web.Id, Ct));
    }

    [Theory]
    [InlineData(0, 22, "0.0.0.0/0", "1 to 65535")]
    [InlineData(23, 22, "0.0.0.0/0", "the lower first")]
    [InlineData(22, 22, "everybody", "Write a range")]
    [InlineData(22, 22, "fd00::/8", "Only IPv4")]
    public async Task A_rule_that_says_nothing_is_refused_and_the_old_ones_stay(int from, int to, string range, string reason)
    {
        var refused = await Groups.SaveRulesAsync(
            Ada,
            HomeGroup.Id,
            [new(RuleDirection.Inbound, TransportProtocol.Tcp, from, to, range, null)],
            Ct
        );
        Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(2, await ReadAsync(db => db.SecurityGroupRules.CountAsync(rule => rule.SecurityGroupId == HomeGroup.Id, Ct)));
    }

    [Fact]
    public void What_everybody_may_try_is_said_before_it_is_saved()
    {
        static NewRule In(TransportProtocol protocol, int from, int to, string range) =>
            new(RuleDirection.Inbound, protocol, from, to, range, null);
        Assert.Null(In(TransportProtocol.Tcp, 22, 22, NewRule.Anywhere).WhyRisky());
        Assert.Contains("PostgreSQL (5432)", In(TransportProtocol.Tcp, 5000, 6000, NewRule.Anywhere).WhyRisky(), StringComparison.Ordinal);
        Assert.Contains("remote desktop", In(TransportProtocol.Tcp, 3389, 3389, NewRule.Anywhere).WhyRisky(), StringComparison.Ordinal);
        Assert.Contains("Everything is open", In(TransportProtocol.All, 0, 0, NewRule.Anywhere).WhyRisky(), StringComparison.Ordinal);
        Assert.Null(In(TransportProtocol.Tcp, 5432, 5432, "10.0.0.0/16").WhyRisky());
        Assert.Null((In(TransportProtocol.All, 0, 0, NewRule.Anywhere) with { Direction = RuleDirection.Outbound }).WhyRisky());
    }

    [Fact]
    public async Task Networks_that_overlap_are_not_peered_nor_with_one_whose_peer_overlaps()
    {
        var (a, b, twin) = (
            Done(await Create.RunAsync(Ada, Wish(), Ct)),
            Done(await Create.RunAsync(Ada, Wish(2), Ct)),
            Done(await Create.RunAsync(Ada, Wish(), Ct))
        );
        Assert.Contains("overlap", (await Peers.CreateAsync(Ada, a.Id, twin.Id, "x", Ct)).Reason, StringComparison.Ordinal);
        Assert.Contains("itself", (await Peers.CreateAsync(Ada, a.Id, a.Id, "x", Ct)).Reason, StringComparison.Ordinal);
        var peering = Done(await Peers.CreateAsync(Ada, a.Id, b.Id, "x", Ct));
        Assert.Contains("already", (await Peers.CreateAsync(Ada, b.Id, a.Id, "x", Ct)).Reason, StringComparison.Ordinal);
        Assert.Contains("which overlaps", (await Peers.CreateAsync(Ada, twin.Id, b.Id, "x", Ct)).Reason, StringComparison.Ordinal);
        Assert.True((await Peers.DeleteAsync(Ada, peering.Id, Ct)).IsDone);
        Done(await Peers.CreateAsync(Ada, twin.Id, b.Id, "x", Ct));
    }

    [Fact]
    public async Task Of_a_strangers_network_nothing_can_be_changed()
    {
        var eve = await AnAccount.ReadyAsync(this);
        var networkInterface = await InterfaceOfAsync((await InstanceAsync(running: false)).Id);
        var address = Done(await Addresses.AllocateAsync(Ada, "local", "a", Ct));
        var theirs = await ReadAsync(db => db.Networks.SingleAsync(network => network.AccountId == eve.AccountId, Ct));
        string?[] reasons =
        [
            (await new EditNetwork(this, Clock).RenameAsync(eve, Home.Id, "mine", Ct)).Reason,
            (await new EditNetwork(this, Clock).SetNatAsync(eve, Home.Id, true, Ct)).Reason,
            (await new DeleteNetwork(this, Clock).RunAsync(eve, Home.Id, withContents: true, Ct)).Reason,
            (await new EditSubnets(this, Clock).AddAsync(eve, Home.Id, new("b", "10.0.1.0/24"), Ct)).Reason,
            (await Groups.SaveRulesAsync(eve, HomeGroup.Id, [], Ct)).Reason,
            (
                await Groups.CreateAsync(
                    eve,
                    theirs.Id,
                    "x",
                    [new(RuleDirection.Inbound, TransportProtocol.Tcp, 1, 2, null, HomeGroup.Id)],
                    Ct
                )
            ).Reason,
            (await Interfaces.AddAsync(eve, networkInterface.InstanceId, HomeSubnet.Id, [HomeGroup.Id], Ct)).Reason,
            (await Interfaces.SetGroupsAsync(eve, networkInterface.Id, [HomeGroup.Id], Ct)).Reason,
            (await Interfaces.RemoveAsync(eve, networkInterface.Id, Ct)).Reason,
            (await Addresses.AssociateAsync(eve, address.Id, networkInterface.Id, Ct)).Reason,
            (await Addresses.ReleaseAsync(eve, address.Id, Ct)).Reason,
            (await Peers.CreateAsync(eve, theirs.Id, Home.Id, "x", Ct)).Reason,
        ];
        Assert.All(reasons, reason => Assert.Matches("There is no such|not there any more", reason));
    }

    private static NewNetwork Wish(int second = 1) =>
        new()
        {
            Name = $"net-{second}",
            Range = $"10.{second}.0.0/16",
            Subnets = [new("a", $"10.{second}.0.0/24"), new("b", $"10.{second}.1.0/24")],
            RequestToken = ResourceIds.New("token"),
        };
}
