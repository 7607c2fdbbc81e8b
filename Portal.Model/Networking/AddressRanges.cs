using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Which IPv4 ranges networks and subnets may have, and what to suggest. Sizes as at EC2: /16 to /28.</summary>
public static class AddressRanges
{
    public const int Largest = 16;
    public const int Smallest = 28;

    /// <summary>A network needs room for more than one subnet of this size, which is what is suggested.</summary>
    private const int UsualSubnet = 24;

    /// <summary>Addresses that are for private networks. https://www.rfc-editor.org/rfc/rfc1918</summary>
    private static readonly IPNetwork[] Private =
    [
        IpText.Range("10.0.0.0/8"),
        IpText.Range("172.16.0.0/12"),
        IpText.Range("192.168.0.0/16"),
    ];

    /// <summary>A range as it was typed; a single address stands for itself alone.</summary>
    public static Outcome<IPNetwork> Parse(string? text)
    {
        var typed = (text ?? "").Trim();
        var parts = typed.Split('/', 2);
        if (!IpText.TryAddress(parts[0], out var address))
        {
            return Refusal.Invalid(
                IpText.WhyNotZeros(parts[0]) ?? "Write a range as an address, a slash and how many of its bits are fixed, e.g. 10.0.0.0/16."
            );
        }

        if (address.AddressFamily is not AddressFamily.InterNetwork)
        {
            return Refusal.Invalid("Only IPv4 ranges are possible.");
        }

        if (parts.Length == 1)
        {
            return new IPNetwork(address, 32);
        }

        if (IpText.Prefix(parts[1], 32) is not { } prefix)
        {
            return Refusal.Invalid("After the slash comes a number from 0 to 32.");
        }

        var range = new IPNetwork(At(Number(address) & Mask(prefix)), prefix);
        return range.BaseAddress.Equals(address) ? range : Refusal.Invalid($"{typed} is an address within a range; the range is {range}.");
    }

    /// <summary>Why a network cannot have this range; null if it can.</summary>
    public static string? WhyNotNetwork(IPNetwork range) =>
        range.PrefixLength is < Largest or > Smallest
            ? $"A network has between /{Largest} (65,536 addresses) and /{Smallest} (16 addresses); this is /{range.PrefixLength}."
        : !Private.Any(all => Contains(all, range))
            ? $"{range} {Internet.WhatIs(range) ?? "belongs to the Internet"}. Choose a range within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
        : null;

    /// <summary>Why a network with these subnets cannot get this one more; null if it can.</summary>
    public static Refusal? WhyNotSubnet(IPNetwork network, IEnumerable<(string Name, IPNetwork Range)> others, IPNetwork range)
    {
        if (range.PrefixLength is < Largest or > Smallest)
        {
            return Refusal.Invalid(
                $"A subnet has between /{Largest} (65,536 addresses) and /{Smallest} (16 addresses); this is /{range.PrefixLength}."
            );
        }

        if (!Contains(network, range))
        {
            return Refusal.Invalid($"{range} is not within the network's range, {network}.");
        }

        return others.FirstOrDefault(other => Overlap(other.Range, range)) is { Name: { } name } taken
            ? Refusal.Duplicate($"{range} overlaps the subnet “{name}”, {taken.Range}.")
            : null;
    }

    public static bool Overlap(IPNetwork one, IPNetwork other) => one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress);

    /// <summary>A range like those that there are, which overlaps none of them.</summary>
    public static IPNetwork SuggestNetwork(IReadOnlyCollection<IPNetwork> taken) =>
        Enumerable
            .Range(0, 256)
            .Select(second => new IPNetwork(new IPAddress([10, (byte)second, 0, 0]), Largest))
            .FirstOrDefault(range => !taken.Any(other => Overlap(other, range)), new IPNetwork(new IPAddress([10, 0, 0, 0]), Largest));

    /// <summary>The next free part of the network, of the size of the last one or of the usual size; null if it is full.</summary>
    public static IPNetwork? SuggestSubnet(IPNetwork network, IReadOnlyList<IPNetwork> taken)
    {
        var prefix = taken.Count > 0 ? taken[^1].PrefixLength : Math.Max(network.PrefixLength, UsualSubnet);
        return Enumerable
            .Range(0, 1 << Math.Max(0, prefix - network.PrefixLength))
            .Select(place => (IPNetwork?)new IPNetwork(At(Number(network.BaseAddress) + ((uint)place << (32 - prefix))), prefix))
            .FirstOrDefault(range => !taken.Any(other => Overlap(other, range!.Value)));
    }

    /// <summary>The address so many places after the first of the range.</summary>
    public static IPAddress At(IPNetwork range, int place) => At(Number(range.BaseAddress) + (uint)place);

    /// <summary>IPv4 addresses in their order.</summary>
    public static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static bool Contains(IPNetwork outer, IPNetwork inner) =>
        inner.PrefixLength >= outer.PrefixLength && outer.Contains(inner.BaseAddress);

    private static IPAddress At(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    private static uint Mask(int prefix) => prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
}
