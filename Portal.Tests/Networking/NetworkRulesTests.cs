using System.Net;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Networking;

public sealed class NetworkRulesTests
{
    private static readonly GroupRule SshFromNetwork = new(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("10.0.0.0/24"), null);

    [Fact]
    public void A_rule_for_some_opens_no_published_port()
    {
        var rules = NetworkRules.Router(With(SshFromNetwork));
        Assert.Contains("chain in0 {\n  ip saddr 10.0.0.0/24 tcp dport 22-22 accept\n", rules, StringComparison.Ordinal);
        Assert.Contains("chain local0 {\n  \n", rules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("127.0.0.1/32")]
    public void A_rule_for_all_or_for_this_very_host_opens_it(string range) => Assert.Contains(
        "chain local0 {\n  tcp dport 22-22 accept\n", NetworkRules.Router(With(SshFromNetwork with { Range = IPNetwork.Parse(range) })), StringComparison.Ordinal);

    [Fact]
    public void A_rule_for_IPv6_lets_nobody_in() =>
        Assert.DoesNotContain("dport 22-22", NetworkRules.Router(With(SshFromNetwork with { Range = IPNetwork.Parse("::/0") })), StringComparison.Ordinal);

    [Fact]
    public void A_rule_for_a_group_names_the_addresses_of_its_members()
    {
        var rules = NetworkRules.Router(With(SshFromNetwork with { Range = null, GroupId = ANetwork.Group }));
        Assert.Contains("set g0 { type ipv4_addr; elements = { 10.0.0.10 }; }", rules, StringComparison.Ordinal);
        Assert.Contains("ip saddr @g0 tcp dport 22-22 accept", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_for_a_group_without_members_lets_nobody_in() => Assert.DoesNotContain(
        "dport 22-22", NetworkRules.Router(With(SshFromNetwork with { Range = null, GroupId = "sg-0000000000000000f" })), StringComparison.Ordinal);

    [Fact]
    public void What_leaves_passes_the_outbound_rules_of_its_groups_first()
    {
        var rules = NetworkRules.Router(With(SshFromNetwork));
        Assert.Contains("map sending { type ipv4_addr : verdict; elements = { 10.0.0.10 : jump from0 }; }", rules, StringComparison.Ordinal);
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
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Router(network)).Fault);
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Ports(network)).Fault);
    }

    [Fact]
    public void An_id_of_another_form_is_rejected() =>
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Ports(With() with { Id = "../../etc" })).Fault);

    private static NetworkSpec With(params GroupRule[] rules) => new(
        "vpc-00000000000000001", "acc-1", IPNetwork.Parse("10.0.0.0/16"), [new SubnetSpec(IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("10.0.0.1"))],
        [new NetworkMember("i-00000000000000001", "eni-00000000000000001", "web", IPAddress.Parse("10.0.0.10"), "52:54:00:00:00:01", [ANetwork.Group])],
        [new GroupSpec(ANetwork.Group, rules, [ANetwork.All])]);
}
