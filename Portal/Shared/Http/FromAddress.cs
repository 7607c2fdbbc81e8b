using System.Globalization;
using System.Numerics;

namespace Portal.Shared;

/// <summary>
/// Reads what a page is told by its address. Anybody may write an address, and a page's parameter of another type than text throws before
/// the page has a word to say: so pages take text (a test holds them to it), and ask here.
/// </summary>
internal static class FromAddress
{
    /// <summary>A whole number from 0; null for anything else, also for what does not fit.</summary>
    public static T? Number<T>(string? text)
        where T : struct, IBinaryInteger<T> =>
        T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static bool IsTrue(string? text) => text is "true";
}
