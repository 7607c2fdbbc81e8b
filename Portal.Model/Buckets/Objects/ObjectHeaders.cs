using Amazon.S3.Model;

namespace Portal.Model.Buckets;

/// <summary>What an object carries beside its bytes.</summary>
public sealed record ObjectHeaders
{
    public string ContentType { get; init; } = "";

    public string? CacheControl { get; init; }

    public string? ContentDisposition { get; init; }

    public string? ContentEncoding { get; init; }

    /// <summary>The customer's own, without <c>x-amz-meta-</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static ObjectHeaders Of(GetObjectMetadataResponse found) =>
        new()
        {
            ContentType = found.Headers.ContentType ?? "",
            CacheControl = Text(found.Headers.CacheControl),
            ContentDisposition = Text(found.Headers.ContentDisposition),
            ContentEncoding = Text(WithoutFraming(found.Headers.ContentEncoding)),
            Metadata = found.Metadata.Keys.ToDictionary(
                name => name["x-amz-meta-".Length..],
                name => found.Metadata[name],
                StringComparer.Ordinal
            ),
        };

    internal void WriteTo(HeadersCollection headers, MetadataCollection metadata)
    {
        headers.ContentType = ContentType;
        headers.CacheControl = CacheControl;
        headers.ContentDisposition = ContentDisposition;
        headers.ContentEncoding = ContentEncoding;
        foreach (var (name, value) in Metadata)
        {
            metadata[name] = value;
        }
    }

    /// <summary>
    /// How a client framed what it signed while sending is no property of the object, but RADOS Gateway 16 keeps it as one.
    /// </summary>
    internal static string? WithoutFraming(string? encoding) =>
        encoding is null
            ? null
            : string.Join(',', encoding.Split(',', StringSplitOptions.TrimEntries).Where(one => one is not "aws-chunked"));

    private static string? Text(string? header) => string.IsNullOrEmpty(header) ? null : header;
}
