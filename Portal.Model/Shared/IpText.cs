using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Portal.Model.Shared;

/// <summary>
/// Reads IP addresses as people write them, in the one way that all programs read alike: four decimal numbers without leading zeros, or
/// IPv6. The framework's own parsers also take what C took in 1983 (<c>010.0.0.1</c> is 8.0.0.1 there, <c>0x7f.1</c> and <c>1</c> are
/// addresses), so nothing else is used in Portal; the build refuses it.
/// </summary>
public static class IpText
{
    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdefABCDEF.:");

    /// <summary>RFC 6943, 3.1.1: the strict form, which is the only one that has one meaning. IPv6 has no zone and no brackets.</summary>
    public static bool TryAddress(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text is null || text.AsSpan().ContainsAnyExcept(Characters))
        {
            return false;
        }

        if (!text.Contains(':', StringComparison.Ordinal))
        {
            address = Four(text) is { } bytes ? new IPAddress(bytes) : null;
            return address is not null;
        }

        // An IPv4 address may be its end (RFC 4291, 2.2).
        var end = text[(text.LastIndexOf(':') + 1)..];
#pragma warning disable RS0030 // What is left for it to read has one meaning.
        return (!end.Contains('.', StringComparison.Ordinal) || Four(end) is not null)
            && IPAddress.TryParse(text, out address)
            && address.AddressFamily is AddressFamily.InterNetworkV6;
#pragma warning restore RS0030
    }

    /// <summary>
    /// An address, a slash and how many of its bits are fixed; the others are nought. A bare address stands for itself alone.
    /// </summary>
    public static bool TryRange(string? text, out IPNetwork range)
    {
        range = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (!TryAddress(slash < 0 ? text : text![..slash], out var address))
        {
            return false;
        }

        var bits = address.GetAddressBytes().Length * 8;
        var prefix = slash < 0 ? bits : Prefix(text![(slash + 1)..], bits);
        if (prefix is not { } length || !IsFirst(address, length))
        {
            return false;
        }

        range = new IPNetwork(address, length);
        return true;
    }

    /// <summary>A range that stands in the code.</summary>
    public static IPNetwork Range(string text) =>
        TryRange(text, out var range) ? range : throw new FormatException($"{text} is not a range of addresses.");

    /// <summary>
    /// The fixed bits of a range, as typed behind its slash; null for what is no number from 0 to <paramref name="most"/> without leading
    /// zeros.
    /// </summary>
    public static int? Prefix(string text, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix <= most && IsPlain(text)
            ? prefix
            : null;

    /// <summary>
    /// Whether the host of a typed web address is read by everybody as it is written: <c>http://010.0.0.1/</c> and
    /// <c>http://2130706433/</c> lead to addresses that nobody sees in them.
    /// </summary>
    public static bool IsAsTyped(Uri address)
    {
        if (address.HostNameType is not UriHostNameType.IPv4)
        {
            return true;
        }

        var typed = address.OriginalString;
        var authority = typed[(typed.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/', '?', '#')[0];
        return authority[(authority.LastIndexOf('@') + 1)..].Split(':')[0].Equals(address.Host, StringComparison.Ordinal);
    }

    /// <summary>Says what is wrong with an address with leading zeros; null where that is not what is wrong.</summary>
    public static string? WhyNotZeros(string text)
    {
        var numbers = text.Split('.');
        if (
            numbers.Length != 4
            || !numbers.All(number => number.Length is > 0 and < 10 && number.All(char.IsAsciiDigit))
            || numbers.All(IsPlain)
        )
        {
            return null;
        }

        var plain = string.Join('.', numbers.Select(number => number.TrimStart('0') is { Length: > 0 } rest ? rest : "0"));
        return $"{text} has leading zeros, which some programs read as octal. Write it without them, e.g. {plain}.";
    }

    private static byte[]? Four(string text)
    {
        var numbers = text.Split('.');
        var bytes = new byte[4];
        for (var i = 0; i < 4; i++)
        {
            if (
                numbers.Length != 4
                || !IsPlain(numbers[i])
                || !byte.TryParse(numbers[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i])
            )
            {
                return null;
            }
        }

        return bytes;
    }

    private static bool IsPlain(string number) => number.Length > 0 && (number.Length == 1 || number[0] != '0');

    private static bool IsFirst(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
