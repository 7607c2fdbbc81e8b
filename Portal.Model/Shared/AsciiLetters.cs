using System.Globalization;
using System.Text;

namespace Portal.Model.Shared;

/// <summary>
/// Latin letters without what stands on, under or through them, for names that only ASCII can spell. By a table, since the programs run
/// without the culture data that decomposes characters; other scripts have no one spelling, and are left out.
/// </summary>
public static class AsciiLetters
{
    private static readonly Dictionary<char, string> Plain = new (string Plain, string Letters)[]
    {
        ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
        ("b", "ḃḅḇƀ"),
        ("c", "çćĉċčḉ"),
        ("d", "ďḋḍḏḑḓđð"),
        ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ"),
        ("f", "ḟƒ"),
        ("g", "ĝğġģǧǵḡǥ"),
        ("h", "ĥȟḣḥḧḩḫẖħ"),
        ("i", "ìíîïĩīĭįǐȉȋḭḯỉịıɨ"),
        ("j", "ĵǰ"),
        ("k", "ķǩḱḳḵĸ"),
        ("l", "ĺļľḷḹḻḽł"),
        ("m", "ḿṁṃ"),
        ("n", "ñńņňǹṅṇṉṋŉ"),
        ("o", "òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợø"),
        ("p", "ṕṗ"),
        ("r", "ŕŗřȑȓṙṛṝṟ"),
        ("s", "śŝşšșṡṣṥṧṩſ"),
        ("t", "ţťțṫṭṯṱẗŧ"),
        ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
        ("v", "ṽṿ"),
        ("w", "ŵẁẃẅẇẉẘ"),
        ("x", "ẋẍ"),
        ("y", "ýÿŷȳẏẙỳỵỷỹ"),
        ("z", "źżžẑẓẕ"),
        ("ae", "æǽǣ"),
        ("ij", "ĳ"),
        ("ng", "ŋ"),
        ("oe", "œ"),
        ("ss", "ßẞ"),
        ("th", "þ"),
    }
        .SelectMany(row => row.Letters.Select(letter => (letter, row.Plain)))
        .ToDictionary(row => row.letter, row => row.Plain);

    /// <summary>Letters and digits of ASCII, and <paramref name="other"/> for all that cannot be spelled so.</summary>
    /// <param name="text">In small letters.</param>
    public static string Of(string text, char other)
    {
        var spelled = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                spelled.Append(letter);
            }
            else if (Plain.TryGetValue(letter, out var plain))
            {
                spelled.Append(plain);
            }
            else if (char.GetUnicodeCategory(letter) is not UnicodeCategory.NonSpacingMark)
            {
                // An accent that stands for itself belongs to the letter before it.
                spelled.Append(other);
            }
        }

        return spelled.ToString();
    }
}
