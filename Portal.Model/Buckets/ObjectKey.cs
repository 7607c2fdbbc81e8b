using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// What an object made from these pages may be called. S3 itself takes any 1,024 bytes; what is refused here could be stored, and then not
/// be reached by a browser or by the tools that people use. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
/// </summary>
public static class ObjectKey
{
    /// <summary>S3's limit, in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024;

    public static Outcome Check(string? key) =>
        key switch
        {
            null or "" => Refusal.Invalid("A name is missing."),
            ['/', ..] => Refusal.Invalid("A name cannot begin with a slash: many tools could not reach it."),
            _ when !IsSpelledByXml(key) => Refusal.Invalid("The name holds a character that S3's answers cannot spell."),
            _ when HasLoneSurrogate(key) => Refusal.Invalid("The name is not valid Unicode."),
            _ when key.Split('/').Any(part => part is "." or "..") => Refusal.Invalid(
                "A folder or file cannot be called “.” or “..”: browsers leave such parts out of addresses."
            ),
            _ when Encoding.UTF8.GetByteCount(key) is > MaxBytes and var bytes => Refusal.Invalid(
                $"With its folders the name has {bytes} bytes; S3 allows {MaxBytes}."
            ),
            _ => Outcome.Done,
        };

    /// <summary>
    /// Whether a list of names can hold it, which S3 writes in XML. What others have put into a bucket may be called otherwise: such a name
    /// is told in an address alone.
    /// </summary>
    public static bool IsSpelledByXml(string key) => !key.Any(c => char.IsControl(c) || c is '\uFFFE' or '\uFFFF');

    /// <summary>Why a browser cannot be led to an object that somebody made with another tool; null if it can.</summary>
    public static string? WhyNotInBrowser(string key) =>
        key switch
        {
            ['/', ..] => "Its name begins with a slash, which addresses lose on their way. Use the aws CLI.",
            _ when key.Split('/').Any(part => part is "." or "..") =>
                "Its name holds a part “.” or “..”, which browsers leave out of addresses. Use the aws CLI.",
            _ => null,
        };

    /// <summary>The part after the last folder; of a folder, its own name without the slash.</summary>
    public static string NameOf(string key) => key.TrimEnd('/') is var path ? path[(path.LastIndexOf('/') + 1)..] : key;

    /// <summary>The folder that holds it, with its slash; empty at the top.</summary>
    public static string FolderOf(string key) =>
        key.LastIndexOf('/', Math.Max(0, key.Length - 2)) is >= 0 and var slash ? key[..(slash + 1)] : "";

    private static bool HasLoneSurrogate(string key)
    {
        foreach (var rune in key.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar && !key.Contains('\uFFFD', StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
