using System.Globalization;
using System.Text;

namespace Portal.Model.Accounts;

/// <summary>
/// The domain of an e-mail address in its two forms: <c>xn--bcher-kva.example</c>, as Chromium sends it and as it is kept, compared and
/// mailed to, and <c>bücher.example</c>, as people read it. Two domains never become one: what is kept is the domain's own name in the DNS,
/// and a typed one is only put into small letters, as browsers do. What they would change beyond that is refused, since this runtime knows
/// no Unicode normalization (InvariantGlobalization). RFC 5890, RFC 5892, https://www.unicode.org/reports/tr46
/// </summary>
public static class MailDomain
{
    private const int LongestName = 253;
    private const string Prefix = "xn--";

    /// <summary>
    /// In these a letter stands for others (ﬁ, ａ, ſ, ª), so that it has no domain of its own. From Unicode's NFKC_Casefold, without ß and
    /// ς, which have theirs.
    /// </summary>
    private const string Compatible =
        "AA-BA 133 140 149 17F 1C6-1CC 1F3 2B0-2B8 2E0-2E4 340-341 343-345 374 37A 3D0-3D6 3F0-3F2 3F5 587 675-678 958-95F 9DC-9DF A33 A36 A59-A5B A5E B5C-B5D E33 EB3 EDC-EDD F43 F4D F52 F57 F5C F69 F73 F75-F79 F81 F93 F9D FA2 "
        + "FA7 FAC FB9 10FC 13F8-13FD 1C80-1C88 1D2C-1D2E 1D30-1D3A 1D3C-1D4D 1D4F-1D6A 1D78 1D9B-1DBF 1E9A-1E9B 1F71 1F73 1F75 1F77 1F79 1F7B 1F7D-1FA7 1FB2-1FB4 1FB7-1FC4 1FC7 1FD3 1FE3 1FF2-1FF4 1FF7-209C 210A-2149 2C7C-2C7D 2D6F "
        + "309F 30FF 3131-318E A69C-A69D A770 A7F2-A7F4 A7F8-A7F9 AB5C-AB5F AB69-ABBF F900-FA0D FA10 FA12 FA15-FA1E FA20 FA22 FA25-FA26 FA2A-FB1D FB1F-FDFB FE70-FE72 FE74-FFDC 10781-107BA 1D41A-1D7FF 1EE00-1FBF9 2F800-2FA1D";

    /// <summary>Accents as characters of their own, which would make ü two characters and another domain.</summary>
    private const string Accents = "300-36F 1AB0-1AFF 1DC0-1DFF 20D0-20FF 3099-309A FE20-FE2F";

    /// <summary>Whole words of these look like Latin ones. https://chromium.googlesource.com/chromium/src/+/main/docs/idn.md</summary>
    private const string LooksLatin = "асԁеһіјӏорԛѕԝхуъЬҽпгѵѡ";

    /// <summary>
    /// Letters of phonetic notation, which look like Latin ones (ɑ, ɡ, ɩ, ᴀ, ꜱ) and are Latin themselves, so that no mixture gives them
    /// away. Browsers write such a domain as it is kept. Identifier_Type Technical and Uncommon_Use in https://www.unicode.org/reports/tr39
    /// </summary>
    private const string Phonetic =
        "18D 1AA-1AB 1BA-1BB 1BE 1C0-1C3 237-239 250-2AF 1D00-1D2B 1D6B-1D77 1D79-1D9A 2C60-2C7B A720-A7FF AB30-AB6F 10780-107BF 1DF00-1DFFF";

    private static readonly IdnMapping Mapping = new();
    private static readonly (int First, int Last)[] Others = Read(Compatible),
        Apart = Read(Accents),
        Latin = Read("61-7A DF-24F 1E00-1EFF"),
        Technical = Read(Phonetic),
        BesideLatin = Read("370-52F 530-58F 13A0-13FF 1C80-1C8F 1F00-1FFF 2C00-2C7B 2C80-2DFF A640-A69F AB70-ABBF");

    /// <summary>
    /// The domain as it is kept; null if a name of the DNS cannot be written so. What is ASCII already is only put into small letters.
    /// </summary>
    public static string? ToAscii(string domain)
    {
        var labels = Labels(domain)
            .Select(label =>
                Ascii.IsValid(label)
                    ? IsPossible(label)
                        ? label
                        : null
                    : IsOne(label)
                        ? Encode(label)
                        : null
            )
            .ToList();
        return labels.Contains(null) || string.Join('.', labels) is not { Length: <= LongestName } name ? null : name;
    }

    /// <summary>What is wrong with a domain that has no ASCII form, as a sentence; null if nothing can be said of it.</summary>
    public static string? WhyNot(string domain)
    {
        foreach (var rune in Labels(domain).Where(label => !Ascii.IsValid(label)).SelectMany(label => label.EnumerateRunes()))
        {
            if (IsIn(Apart, rune))
            {
                return "The domain holds an accent as a character of its own. Type it together with its letter, as one character.";
            }

            if (!IsLetter(rune))
            {
                return Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned
                    ? $"The domain holds a character that no domain has (U+{rune.Value:X4})."
                    : $"The domain holds “{rune}”, which no domain has.";
            }
        }

        return null;
    }

    /// <summary>An address as people read it. A domain that could be taken for another one stays as it is kept, as in browsers.</summary>
    public static string Shown(string address)
    {
        var at = address.LastIndexOf('@');
        return address.Contains(Prefix, StringComparison.OrdinalIgnoreCase) && at >= 0
            ? $"{address[..at]}@{string.Join('.', address[(at + 1)..].Split('.').Select(label => Decode(label) is { } word && IsOne(word) && !IsMistakable(word) ? word : label))}"
            : address;
    }

    /// <summary>The dots of Chinese and Japanese keyboards are dots.</summary>
    private static string[] Labels(string domain) => domain.ToLowerInvariant().Split('.', '。', '．', '｡');

    private static bool IsPossible(string label) => !label.StartsWith(Prefix, StringComparison.Ordinal) || Decode(label) is not null;

    private static bool IsOne(string label) =>
        label is not (['-', ..] or [.., '-']) && label.EnumerateRunes().All(rune => !IsIn(Apart, rune) && IsLetter(rune));

    private static bool IsLetter(Rune rune) =>
        (
            rune.IsAscii
                ? rune.Value is '-' || Rune.IsLetterOrDigit(rune)
                : Rune.GetUnicodeCategory(rune)
                    is UnicodeCategory.LowercaseLetter
                        or UnicodeCategory.OtherLetter
                        or UnicodeCategory.ModifierLetter
                        or UnicodeCategory.NonSpacingMark
                        or UnicodeCategory.SpacingCombiningMark
                        or UnicodeCategory.DecimalDigitNumber
                    || rune.Value is 0xB7 or 0x30FB
        ) && !IsIn(Others, rune);

    private static string? Encode(string label)
    {
        try
        {
            return Mapping.GetAscii(label) is { Length: > 4 } name && name.StartsWith(Prefix, StringComparison.Ordinal) ? name : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>What a label stands for; null if it stands for nothing, or is not how that is written.</summary>
    private static string? Decode(string label)
    {
        if (!label.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var name = label.ToLowerInvariant();
            return
                Mapping.GetUnicode(name) is { } word
                && !Ascii.IsValid(word)
                && !word.EnumerateRunes().Any(IsNothing)
                && word.AsSpan().SequenceEqual(word.ToLowerInvariant())
                && Encode(word) == name
                ? word
                : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>No letter, no mark and no sign; what joins letters in some languages is neither.</summary>
    private static bool IsNothing(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.SpaceSeparator
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
        || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format && rune.Value is not (0x200C or 0x200D));

    private static bool IsMistakable(string word)
    {
        var (latin, beside) = (
            word.EnumerateRunes().Any(rune => IsIn(Latin, rune)),
            word.EnumerateRunes().Any(rune => IsIn(BesideLatin, rune))
        );
        return (latin && beside)
            || word.EnumerateRunes().Any(rune => IsIn(Technical, rune))
            || word.Where(char.IsLetter).All(c => LooksLatin.Contains(c, StringComparison.Ordinal));
    }

    private static bool IsIn((int First, int Last)[] ranges, Rune rune) =>
        Array.Exists(ranges, range => range.First <= rune.Value && rune.Value <= range.Last);

    private static (int First, int Last)[] Read(string ranges) =>
        [
            .. ranges
                .Split(' ')
                .Select(range => range.Split('-'))
                .Select(ends =>
                    (
                        int.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                        int.Parse(ends[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    )
                ),
        ];
}
