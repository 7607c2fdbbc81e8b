using System.Net;
using Portal.Model.Networking;

namespace Portal.Tests.Networking;

public sealed class AddressRangesTests
{
    [Theory]
    [InlineData("10.0.0.0/16", "10.0.0.0/16")]
    [InlineData(" 192.168.4.0/22 ", "192.168.4.0/22")]
    [InlineData("203.0.113.9", "203.0.113.9/32")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    public void What_is_a_range_is_read_as_one(string typed, string range) =>
        Assert.Equal(range, AddressRanges.Parse(typed).Value.ToString());

    [Theory]
    [InlineData("", "Write a range as")]
    [InlineData("ten", "Write a range as")]
    [InlineData("10.0/16", "Write a range as")]
    [InlineData("10", "Write a range as")]
    [InlineData("10.0.0.0/33", "from 0 to 32")]
    [InlineData("10.0.0.0/-1", "from 0 to 32")]
    [InlineData("10.0.0.0/", "from 0 to 32")]
    [InlineData("10.0.0.0/16/2", "from 0 to 32")]
    [InlineData("10.0.5.1/16", "the range is 10.0.0.0/16")]
    [InlineData("fd00::/8", "Only IPv4")]
    [InlineData("010.0.0.1/32", "010.0.0.1 has leading zeros, which some programs read as octal. Write it without them, e.g. 10.0.0.1.")]
    [InlineData("10.0.0.000/16", "leading zeros")]
    [InlineData("10.0.0.0/016", "from 0 to 32")]
    [InlineData("0x0a.0.0.0/16", "Write a range as")]
    [InlineData("10.0.0.256", "Write a range as")]
    [InlineData("１0.0.0.0/16", "Write a range as")]
    [InlineData("10.0.0.0 /16", "Write a range as")]
    [InlineData("[::1]", "Write a range as")]
    [InlineData("fe80::1%1", "Write a range as")]
    public void Nonsense_is_refused_with_a_sentence(string typed, string reason) =>
        Assert.Contains(reason, AddressRanges.Parse(typed).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.0.0/15", "between /16")]
    [InlineData("10.0.0.0/29", "between /16")]
    [InlineData("8.8.0.0/16", "belongs to the Internet")]
    [InlineData(
        "100.64.0.0/16",
        "100.64.0.0/16 is shared address space, which providers use between themselves and their customers (RFC 6598). Choose a range within"
    )]
    [InlineData(
        "169.254.0.0/16",
        "169.254.0.0/16 is link-local: machines give themselves such addresses when nobody gives them one (RFC 3927). Choose a range within"
    )]
    [InlineData("127.0.0.0/16", "is loopback")]
    [InlineData("224.0.0.0/24", "is multicast")]
    [InlineData("255.255.255.240/28", "is reserved and routed nowhere")]
    [InlineData("198.51.100.0/24", "is for examples")]
    [InlineData("0.0.0.0/16", "stands for “this network”")]
    [InlineData("192.0.0.0/16", "belongs to the Internet")]
    [InlineData("172.32.0.0/16", "belongs to the Internet")]
    public void A_network_is_private_and_of_a_size_that_fits(string range, string reason) =>
        Assert.Contains(reason, AddressRanges.WhyNotNetwork(IPNetwork.Parse(range)), StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.0.0/16")]
    [InlineData("172.31.240.0/20")]
    [InlineData("192.168.255.240/28")]
    public void Usual_networks_are_possible(string range) => Assert.Null(AddressRanges.WhyNotNetwork(IPNetwork.Parse(range)));

    [Theory]
    [InlineData("10.0.1.0/24", null)]
    [InlineData("10.1.0.0/24", "not within")]
    [InlineData("10.0.0.128/25", "overlaps the subnet “web”, 10.0.0.0/24")]
    [InlineData("10.0.0.0/16", "overlaps the subnet “web”")]
    [InlineData("10.0.1.0/29", "between /16")]
    public void A_subnet_lies_within_its_network_and_beside_the_others(string range, string? reason)
    {
        var whyNot = AddressRanges.WhyNotSubnet(
            IPNetwork.Parse("10.0.0.0/16"),
            [("web", IPNetwork.Parse("10.0.0.0/24"))],
            IPNetwork.Parse(range)
        );
        Assert.True(reason is null ? whyNot is null : whyNot?.Sentence.Contains(reason, StringComparison.Ordinal), whyNot);
    }

    [Fact]
    public void What_is_suggested_is_free()
    {
        Assert.Equal(
            "10.2.0.0/16",
            AddressRanges.SuggestNetwork([IPNetwork.Parse("10.0.0.0/16"), IPNetwork.Parse("10.1.128.0/20")]).ToString()
        );
        Assert.Equal("10.0.0.0/24", AddressRanges.SuggestSubnet(IPNetwork.Parse("10.0.0.0/16"), [])!.Value.ToString());
        Assert.Equal(
            "10.0.2.0/24",
            AddressRanges
                .SuggestSubnet(IPNetwork.Parse("10.0.0.0/16"), [IPNetwork.Parse("10.0.0.0/24"), IPNetwork.Parse("10.0.1.0/24")])!
                .Value.ToString()
        );
        Assert.Equal("10.0.0.0/28", AddressRanges.SuggestSubnet(IPNetwork.Parse("10.0.0.0/28"), [])!.Value.ToString());
        Assert.Null(AddressRanges.SuggestSubnet(IPNetwork.Parse("10.0.0.0/28"), [IPNetwork.Parse("10.0.0.0/28")]));
    }

    [Fact]
    public void Of_a_subnet_the_first_four_addresses_and_the_last_are_nobodys()
    {
        var subnet = new Subnet
        {
            Id = "s",
            AccountId = "a",
            NetworkId = "n",
            Name = "s",
            CreatedAt = default,
            Range = IPNetwork.Parse("10.0.0.16/28"),
        };
        Assert.Equal(["10.0.0.20", "10.0.0.30"], [$"{subnet.Hosts().First()}", $"{subnet.Hosts().Last()}"]);
        Assert.Equal((11, 11, "10.0.0.17"), (subnet.Hosts().Count(), subnet.Capacity, $"{subnet.Gateway}"));
    }
}
