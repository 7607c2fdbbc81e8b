using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>Headers of an object while somebody edits them.</summary>
public sealed class HeadersDraft
{
    /// <summary>S3's limit on the customer's own metadata, names and values together.</summary>
    private const int MostMetadata = 2048;

    public string ContentType { get; set; } = "";

    public string CacheControl { get; set; } = "";

    public string ContentDisposition { get; set; } = "";

    /// <summary><c>name=value</c> lines.</summary>
    public string Metadata { get; set; } = "";

    public static HeadersDraft Of(ObjectHeaders headers) =>
        new()
        {
            ContentType = headers.ContentType,
            CacheControl = headers.CacheControl ?? "",
            ContentDisposition = headers.ContentDisposition ?? "",
            Metadata = string.Join(
                '\n',
                headers.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}={entry.Value}")
            ),
        };

    /// <summary>What is wrong, as a sentence; null if nothing is.</summary>
    public string? Check() =>
        ContentType.Trim().Length > 0 && !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(ContentType.Trim(), out _)
            ? "The content type is like text/plain or image/png."
        : !IsAscii(CacheControl) || !IsAscii(ContentDisposition) || !IsAscii(Metadata)
            ? "Headers hold letters, digits and signs of ASCII only."
        : Lines().FirstOrDefault(line => !IsName(line.Name)) is { Line: { } line }
            ? $"“{line}” is not name=value; a name holds letters, digits, hyphens and underscores."
        : Lines().GroupBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1)
            is { Key: { } twice }
            ? $"“{twice}” is there twice."
        : Metadata.Length > MostMetadata ? "S3 keeps 2 KiB of metadata."
        : null;

    /// <param name="before">What is not edited here stays.</param>
    public ObjectHeaders ToHeaders(ObjectHeaders before) =>
        before with
        {
            ContentType = ContentType.Trim() is { Length: > 0 } type ? type : "application/octet-stream",
            CacheControl = OrNull(CacheControl),
            ContentDisposition = OrNull(ContentDisposition),
            Metadata = Lines().ToDictionary(line => line.Name.ToLowerInvariant(), line => line.Value, StringComparer.Ordinal),
        };

    private IEnumerable<(string Line, string Name, string Value)> Lines() =>
        Metadata
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2) is [var name, var value] ? (line, name.Trim(), value.Trim()) : (line, "", ""));

    private static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static bool IsAscii(string text) => text.All(c => c is >= ' ' and <= '~' or '\n' or '\r');

    private static string? OrNull(string text) => text.Trim() is { Length: > 0 } kept ? kept : null;
}
