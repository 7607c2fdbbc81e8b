using System.Globalization;
using System.Text;

namespace Portal.Model.Shared;

/// <summary>
/// Text that shows what it is: no control characters, no line ends, no invisible or direction-changing ones, no broken surrogates.
/// </summary>
public static class PrintableText
{
    public static bool Is(string text)
    {
        for (var i = 0; i < text.Length; )
        {
            if (
                !Rune.TryGetRuneAt(text, i, out var rune)
                || Rune.GetUnicodeCategory(rune)
                    is UnicodeCategory.Control
                        or UnicodeCategory.Format
                        or UnicodeCategory.LineSeparator
                        or UnicodeCategory.ParagraphSeparator
                        or UnicodeCategory.PrivateUse
                        or UnicodeCategory.OtherNotAssigned
            )
            {
                return false;
            }

            i += rune.Utf16SequenceLength;
        }

        return true;
    }
}
