using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

public sealed class NetworkRulesTests
{
    [Fact]
    public void A_rule_for_some_opens_no_published_port()
    {
        var rules = NetworkRules.Router(ANetwork(new InboundRule(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("10.0.0.0/24"))));
        Assert.Contains("chain to0 {\n  ip saddr 10.0.0.0/24 tcp dport 22-22 accept\n  drop", rules, StringComparison.Ordinal);
        Assert.Contains("chain public0 {\n  drop", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_for_all_opens_it() => Assert.Contains(
        "chain public0 {\n  tcp dport 22-22 accept\n  drop",
        NetworkRules.Router(ANetwork(new InboundRule(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("0.0.0.0/0")))),
        StringComparison.Ordinal);

    [Fact]
    public void A_rule_for_IPv6_lets_nobody_in() => Assert.DoesNotContain(
        "dport 22-22", NetworkRules.Router(ANetwork(new InboundRule(TransportProtocol.Tcp, 22, 22, IPNetwork.Parse("::/0")))), StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.1.10", "52:54:00:00:00:01")]
    [InlineData("fd00::1", "52:54:00:00:00:01")]
    [InlineData("10.0.0.10", "52:54:00:00:00:01 ; flush ruleset")]
    public void A_member_with_an_unusable_address_is_rejected(string address, string mac)
    {
        var network = ANetwork();
        network = network with { Members = [network.Members[0] with { Address = IPAddress.Parse(address), Mac = mac }] };
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Router(network)).Fault);
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Ports(network)).Fault);
    }

    [Fact]
    public void An_id_of_another_form_is_rejected() =>
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => NetworkRules.Ports(ANetwork() with { Id = "../../etc" })).Fault);

    private static NetworkSpec ANetwork(params InboundRule[] rules) => new(
        "vpc-00000000000000001", "acc-1", IPNetwork.Parse("10.0.0.0/16"), IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("10.0.0.1"),
        [new NetworkMember("i-00000000000000001", "web", IPAddress.Parse("10.0.0.10"), "52:54:00:00:00:01", rules)]);
}
