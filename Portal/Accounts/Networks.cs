using System.Net;
using System.Net.Sockets;

namespace Portal.Accounts;

/// <summary>From where somebody comes, as far as it is counted.</summary>
internal static class Networks
{
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
}
