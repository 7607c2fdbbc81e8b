using System.Net;
using System.Net.Sockets;

namespace Portal.Model.Shared;

/// <summary>
/// Which addresses are somewhere on the Internet, and none of the provider's own network, of this machine, or of what a cloud tells its
/// machines.
/// </summary>
public static class Internet
{
    /// <summary>
    /// https://www.iana.org/assignments/iana-ipv4-special-registry, each with what to say of it behind the range's name; the last is where
    /// Azure tells its machines their secrets.
    /// </summary>
    private static readonly (IPNetwork Range, string What)[] Special =
    [
        (IpText.Range("0.0.0.0/8"), "stands for “this network”, not for a place in one (RFC 1122)"),
        (IpText.Range("10.0.0.0/8"), "is for private networks (RFC 1918)"),
        (IpText.Range("100.64.0.0/10"), "is shared address space, which providers use between themselves and their customers (RFC 6598)"),
        (IpText.Range("127.0.0.0/8"), "is loopback: each machine reaches itself there (RFC 1122)"),
        (IpText.Range("169.254.0.0/16"), "is link-local: machines give themselves such addresses when nobody gives them one (RFC 3927)"),
        (IpText.Range("172.16.0.0/12"), "is for private networks (RFC 1918)"),
        (IpText.Range("192.0.0.0/24"), "is reserved for protocols (RFC 6890)"),
        (IpText.Range("192.0.2.0/24"), "is for examples in documents (RFC 5737)"),
        (IpText.Range("192.88.99.0/24"), "was for relays to IPv6 and is reserved (RFC 7526)"),
        (IpText.Range("192.168.0.0/16"), "is for private networks (RFC 1918)"),
        (IpText.Range("198.18.0.0/15"), "is for measuring network devices (RFC 2544)"),
        (IpText.Range("198.51.100.0/24"), "is for examples in documents (RFC 5737)"),
        (IpText.Range("203.0.113.0/24"), "is for examples in documents (RFC 5737)"),
        (IpText.Range("224.0.0.0/4"), "is multicast: it names groups of machines, none of them (RFC 5771)"),
        (IpText.Range("240.0.0.0/4"), "is reserved and routed nowhere (RFC 1112)"),
        (IpText.Range("168.63.129.16/32"), "belongs to another cloud's own machines"),
    ];

    /// <summary>
    /// What the Internet routes of IPv6, and of that what is for documents, for tunnels (Teredo, 6to4: any IPv4 address may hide in it) or
    /// for nothing.
    /// </summary>
    private static readonly IPNetwork Routed = IpText.Range("2000::/3");

    private static readonly IPNetwork[] SpecialOfSix = [.. "2001::/23 2001:db8::/32 2002::/16 3fff::/20".Split(' ').Select(IpText.Range)];

    /// <summary>All of IPv4 that is not the Internet; no two of them overlap.</summary>
    public static IEnumerable<IPNetwork> Not => Special.Select(one => one.Range);

    /// <summary>
    /// What a range is instead of a part of the Internet, e.g. “is link-local (RFC 3927)”; null if it is a part of it, or more than one of
    /// those.
    /// </summary>
    public static string? WhatIs(IPNetwork range) =>
        Special.FirstOrDefault(one => one.Range.PrefixLength <= range.PrefixLength && one.Range.Contains(range.BaseAddress)).What;

    public static bool Has(IPAddress address) =>
        address switch
        {
            { IsIPv4MappedToIPv6: true } => Has(address.MapToIPv4()),
            { AddressFamily: AddressFamily.InterNetwork } => !Special.Any(one => one.Range.Contains(address)),
            { AddressFamily: AddressFamily.InterNetworkV6 } => address.ScopeId == 0
                && Routed.Contains(address)
                && !SpecialOfSix.Any(range => range.Contains(address)),
            _ => false,
        };
}
