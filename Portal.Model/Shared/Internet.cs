using System.Net;
using System.Net.Sockets;

namespace Portal.Model.Shared;

/// <summary>Which addresses are somewhere on the Internet, and none of the provider's own network, of this machine, or of what a cloud tells its machines.</summary>
public static class Internet
{
    // https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry; the last is where Azure tells its machines their secrets.
    private static readonly IPNetwork[] Special =
    [
        .. "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
            .Split(' ').Select(text => IPNetwork.Parse(text)),
    ];

    /// <summary>What the Internet routes of IPv6, and of that what is for documents, for tunnels (Teredo, 6to4: any IPv4 address may hide in it) or for nothing.</summary>
    private static readonly IPNetwork Routed = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] SpecialOfSix = [.. "2001::/23 2001:db8::/32 2002::/16 3fff::/20".Split(' ').Select(text => IPNetwork.Parse(text))];

    public static bool Has(IPAddress address) => address switch
    {
        { IsIPv4MappedToIPv6: true } => Has(address.MapToIPv4()),
        { AddressFamily: AddressFamily.InterNetwork } => !Special.Any(range => range.Contains(address)),
        { AddressFamily: AddressFamily.InterNetworkV6 } => address.ScopeId == 0 && Routed.Contains(address) && !SpecialOfSix.Any(range => range.Contains(address)),
        _ => false,
    };
}
