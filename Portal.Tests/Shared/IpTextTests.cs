using System.Net;
using CsCheck;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>That nothing else reads addresses, the build sees to: BannedSymbols.Typed.txt.</summary>
public sealed class IpTextTests
{
    private static readonly Gen<IPAddress> Fours = Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes));

    private static readonly Gen<IPAddress> Sixes = Gen.OneOf(Gen.Byte, Gen.Const((byte)0)).Array[16].Select(bytes => new IPAddress(bytes));

    private static readonly string[] Pieces =
    [
        "0",
        "1",
        "8",
        "9",
        "10",
        "010",
        "00",
        "08",
        "255",
        "256",
        "0x7f",
        "127",
        "203",
        ".",
        ".",
        ".",
        ".",
        ":",
        "::",
        "/",
        "/",
        "24",
        "32",
        "%1",
        " ",
        "a",
        "ff",
    ];

    /// <summary>What looks like an address: numbers and what people and old programs put between and before them.</summary>
    private static readonly Gen<string> Typed = Gen.Int[0, Pieces.Length - 1]
        .Array[1, 12]
        .Select(places => string.Concat(places.Select(place => Pieces[place])));

    [Fact]
    public void What_is_printed_is_read_as_what_it_was()
    {
        Fours.Sample(address => IpText.TryAddress(address.ToString(), out var read) && read.Equals(address));
        Sixes.Sample(address => IpText.TryAddress(address.ToString(), out var read) && read.Equals(address));
        Gen.Select(Fours, Gen.Int[0, 32], RangeOf)
            .Sample(range =>
                IpText.TryRange(range.ToString(), out var read)
                && read.Equals(range)
                && AddressRanges.Parse(range.ToString()).Value.Equals(range)
            );
    }

    /// <summary>The property that <c>010.0.0.1</c> broke: it was taken, and printed as 8.0.0.1.</summary>
    [Fact]
    public void What_is_taken_is_printed_as_it_was_typed() =>
        Typed.Sample(
            text =>
                (!IpText.TryAddress(text, out var address) || text.Contains(':', StringComparison.Ordinal) || address.ToString() == text)
                && (
                    !IpText.TryRange(text, out var range)
                    || text.Contains(':', StringComparison.Ordinal)
                    || range.ToString() == (text.Contains('/', StringComparison.Ordinal) ? text : $"{text}/32")
                )
                && (
                    AddressRanges.Parse(text) is not { IsDone: true, Value: var parsed }
                    || parsed.ToString() == (text.Trim().Contains('/', StringComparison.Ordinal) ? text.Trim() : $"{text.Trim()}/32")
                ),
            iter: 20_000
        );

    private static IPNetwork RangeOf(IPAddress within, int prefix) =>
        new(
            AddressRanges.At(
                new IPNetwork(IPAddress.Any, 0),
                unchecked((int)(AddressRanges.Number(within) & (uint)(0xFFFFFFFFL << (32 - prefix))))
            ),
            prefix
        );

    [Theory]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0.01")]
    [InlineData("1")]
    [InlineData("127.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.4 ")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("::ffff:1.2.3.04")]
    [InlineData("")]
    [InlineData(null)]
    public void What_programs_read_differently_is_no_address(string? text) => Assert.False(IpText.TryAddress(text, out _));

    [Theory]
    [InlineData("https://203.0.113.9:8443/a", true)]
    [InlineData("https://user@203.0.113.9/", true)]
    [InlineData("https://example.com/010.0.0.1", true)]
    [InlineData("https://[::1]/", true)]
    [InlineData("https://010.0.0.1/", false)]
    [InlineData("https://8.0.0.1@010.0.0.1/8.0.0.1", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://0x7f.1:80/", false)]
    public void A_web_address_leads_where_it_says(string text, bool isAsTyped) => Assert.Equal(isAsTyped, IpText.IsAsTyped(new Uri(text)));
}
