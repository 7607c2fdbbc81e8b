using System.Net;
using System.Net.Sockets;

namespace Portal.Accounts;

/// <summary>From where somebody comes, as far as it is counted.</summary>
internal static class Networks
{
    /// <summary>Of a /64. No IPv4 address is as long.</summary>
    private const int HexDigits = 16;

    /// <summary>One customer of an IPv6 provider has at least a /64 to himself.</summary>
    public static string Of(IPAddress? address) =>
        address switch
        {
            null => "",
            { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } => Convert.ToHexString(
                address.GetAddressBytes().AsSpan(0, 8)
            ),
            _ => address.MapToIPv4().ToString(),
        };

    /// <summary>
    /// All that one customer of a provider may have: a /48, whose networks' names begin with it; of IPv4 the address itself.
    /// </summary>
    public static string SiteOf(IPAddress? address) =>
        Of(address) is { Length: HexDigits } network ? network[..(HexDigits * 48 / 64)] : Of(address);
}
