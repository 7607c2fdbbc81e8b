using System.Net;
using Microsoft.Extensions.Configuration;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Networking;

public sealed class NetworkRulesTests
{
    private static readonly GroupRule SshFromNetwork = new(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("10.0.0.0/24"), null);

    /// <summary>The same list that typed addresses are held against.</summary>
    [Fact]
    public void Guests_reach_nothing_over_the_uplink_that_is_not_the_Internet()
    {
        var dropped = UplinkRules
            .Of(null)
            .Split('\n')
            .Single(line => line.Contains("10.0.0.0/8", StringComparison.Ordinal) && line.EndsWith(" drop", StringComparison.Ordinal));
        Assert.All(
            ["0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.168.0.0/16", "198.18.0.0/15", "168.63.129.16/32", "240.0.0.0/4"],
            range => Assert.Contains(range, dropped, StringComparison.Ordinal)
        );
        Assert.Equal(Internet.Not.Count(), dropped.Count(c => c == '/'));
        Assert.DoesNotContain(Internet.Not, range => Internet.Has(range.BaseAddress));
    }

    [Fact]
    public void A_rule_for_some_opens_no_published_port()
    {
        var rules = Router(With(SshFromNetwork));
        Assert.Contains("chain in0 {\n  ip saddr 10.0.0.0/24 tcp dport 22-22 accept\n", rules, StringComparison.Ordinal);
        Assert.Contains("chain local0 {\n  \n", rules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("127.0.0.1/32")]
    public void A_rule_for_all_or_for_this_very_host_opens_it(string range) =>
        Assert.Contains(
            "chain local0 {\n  tcp dport 22-22 accept\n",
            Router(With(SshFromNetwork with { Range = IPNetwork.Parse(range) })),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_rule_for_IPv6_lets_nobody_in() =>
        Assert.DoesNotContain(
            "dport 22-22",
            Router(With(SshFromNetwork with { Range = IPNetwork.Parse("::/0") })),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_rule_for_a_group_names_the_addresses_of_its_members()
    {
        var rules = Router(With(SshFromNetwork with { Range = null, GroupId = ANetwork.Group }));
        Assert.Contains("set g0 { type ipv4_addr; elements = { 10.0.0.10 }; }", rules, StringComparison.Ordinal);
        Assert.Contains("ip saddr @g0 tcp dport 22-22 accept", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_for_a_group_without_members_lets_nobody_in() =>
        Assert.DoesNotContain(
            "dport 22-22",
            Router(With(SshFromNetwork with { Range = null, GroupId = "sg-0000000000000000f" })),
            StringComparison.Ordinal
        );

    [Fact]
    public void What_leaves_passes_the_outbound_rules_of_its_groups_first()
    {
        var rules = Router(With(SshFromNetwork));
        Assert.Contains(
            "map sending { type ipv4_addr : verdict; elements = { 10.0.0.10 : jump from0 }; }",
            rules,
            StringComparison.Ordinal
        );
        Assert.Contains("chain from0 {\n  jump out0\n  drop\n", rules, StringComparison.Ordinal);
        Assert.Contains("chain out0 {\n  goto receive\n", rules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.1.10", "52:54:00:00:00:01")]
    [InlineData("fd00::1", "52:54:00:00:00:01")]
    [InlineData("10.0.0.10", "52:54:00:00:00:01 ; flush ruleset")]
    public void A_member_with_an_unusable_address_is_rejected(string address, string mac)
    {
        var network = With();
        network = network with { Members = [network.Members[0] with { Address = IPAddress.Parse(address), Mac = mac }] };
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => Router(network)).Fault);
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Ports(network)).Fault);
    }

    [Fact]
    public void An_id_of_another_form_is_rejected() =>
        Assert.Equal(
            EngineFault.Rejected,
            Assert.Throws<EngineException>(() => NetworkRules.Ports(With() with { Id = "../../etc" })).Fault
        );

    [Fact]
    public void Without_a_way_outside_there_is_nothing_to_limit_but_what_the_router_follows()
    {
        var rules = Router(With(SshFromNetwork));
        Assert.DoesNotContain("jump leaving", rules, StringComparison.Ordinal);
        Assert.Contains("ct state new ct count over 32768 drop", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void Beyond_the_uplink_a_guest_has_its_rate_its_connections_and_no_mail()
    {
        var rules = NetworkRules.Router(With(SshFromNetwork) with { Nat = true }, new UplinkLimits(80, 7, 50, 900));
        Assert.Contains(
            """
             chain leaving {
              tcp dport 25 reject with tcp reset
              update @sent { ip saddr limit rate over 10000 kbytes/second burst 2500 kbytes } drop
              ct state new update @opening { ip saddr limit rate over 7/second burst 35 packets } drop
              ct state new add @opened { ip saddr ct count over 50 } drop
             }
            """.ReplaceLineEndings("\n"),
            rules,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "iifname \"lan\" oifname \"wan\" jump leaving\n  iifname \"wan\" oifname \"lan\" jump arriving\n  ct state established,related accept\n  ct state new ct count over 900 drop\n",
            rules,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_account_that_may_deliver_mail_is_not_kept_from_it() =>
        Assert.DoesNotContain("dport 25", Router(With(SshFromNetwork) with { Nat = true, Mail = true }), StringComparison.Ordinal);

    [Theory]
    [InlineData("0")]
    [InlineData("many")]
    public void A_limit_that_is_no_number_stops_the_start(string number) =>
        Assert.Equal(
            $"Uplink__ConnectionsPerGuest is “{number}”; it must be a whole number above 0.",
            Assert
                .Throws<StartRefusedException>(() =>
                    UplinkLimits.From(
                        new ConfigurationBuilder()
                            .AddInMemoryCollection([KeyValuePair.Create("Uplink:ConnectionsPerGuest", (string?)number)])
                            .Build()
                    )
                )
                .Message
        );

    private static string Router(NetworkSpec network) => NetworkRules.Router(network, UplinkLimits.Default);

    private static NetworkSpec With(params GroupRule[] rules) =>
        new(
            "vpc-00000000000000001",
            "acc-1",
            IPNetwork.Parse("10.0.0.0/16"),
            [new SubnetSpec(IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("10.0.0.1"))],
            [
                new NetworkMember(
                    "i-00000000000000001",
                    "eni-00000000000000001",
                    "web",
                    IPAddress.Parse("10.0.0.10"),
                    "52:54:00:00:00:01",
                    [ANetwork.Group]
                ),
            ],
            [new GroupSpec(ANetwork.Group, rules, [ANetwork.All])]
        );
}
