using System.Xml.Linq;

namespace Portal.Buckets;

/// <summary>
/// The one CORS rule of a bucket that is Portal's: it lets Portal's own page, and no other, send files straight to S3. It stands first,
/// since Ceph looks no further than the first rule for an origin. The customer's rules are never touched. See docs/decisions/uploads.md.
/// </summary>
public static class PortalCorsRule
{
    public const string Id = "portal-pages";

    /// <summary>The page may be reached at more than one address; more than a few are leftovers.</summary>
    private const int MostOrigins = 4;

    private static readonly string[] Methods = ["PUT", "GET", "HEAD"];

    /// <summary>Another rule that somebody gave this name is not it.</summary>
    public static bool Is(XElement rule) =>
        rule.Element("ID")?.Value is Id
        && CorsDraft
            .Texts(rule, "AllowedMethod")
            .Order(StringComparer.Ordinal)
            .SequenceEqual(Methods.Order(StringComparer.Ordinal), StringComparer.Ordinal)
        && CorsDraft.Texts(rule, "AllowedHeader").SequenceEqual(["*"], StringComparer.Ordinal);

    /// <summary>The pages that the rule lets in.</summary>
    public static IEnumerable<string> OriginsOf(XElement rule) => CorsDraft.Texts(rule, "AllowedOrigin");

    /// <summary>
    /// Makes sure that the page at <paramref name="origin"/> may upload. Does nothing where it may already, by whatever rule.
    /// </summary>
    public static async Task EnsureAsync(OpenBucket bucket, string origin, CancellationToken ct)
    {
        var rules = await ReadAsync(bucket, ct);
        if (!MayUpload(rules, origin))
        {
            await WriteAsync(bucket, With(rules, origin), ct);
        }
    }

    /// <summary>The bucket's rules; none if nobody set any.</summary>
    public static async Task<IReadOnlyList<XElement>> ReadAsync(OpenBucket bucket, CancellationToken ct) =>
        [.. (await bucket.Documents.ReadAsync("cors", ct))?.Elements() ?? []];

    /// <summary>Writes the customer's rules, with Portal's kept before them.</summary>
    public static async Task WriteAsync(OpenBucket bucket, IReadOnlyList<XElement> rules, CancellationToken ct)
    {
        if (rules.Count == 0)
        {
            await bucket.Documents.DeleteAsync("cors", ct);
            return;
        }

        await bucket.Documents.WriteAsync("cors", new XElement("CORSConfiguration", rules.OrderBy(rule => !Is(rule))), ct);
    }

    /// <summary>Whether S3 lets the origin put with any header: by the first rule that speaks of it, as Ceph reads them.</summary>
    public static bool MayUpload(IEnumerable<XElement> rules, string origin) =>
        rules.FirstOrDefault(rule => OriginsOf(rule).Any(pattern => Matches(pattern, origin))) is { } first
        && Methods.All(method => CorsDraft.Texts(first, "AllowedMethod").Contains(method, StringComparer.Ordinal))
        && CorsDraft.Texts(first, "AllowedHeader").Contains("*", StringComparer.Ordinal);

    private static IReadOnlyList<XElement> With(IReadOnlyList<XElement> rules, string origin)
    {
        var before = rules.Where(Is).SelectMany(OriginsOf);
        var mine = new XElement(
            "CORSRule",
            new XElement("ID", Id),
            before
                .Where(known => known != origin)
                .Take(MostOrigins - 1)
                .Prepend(origin)
                .Select(page => new XElement("AllowedOrigin", page)),
            Methods.Select(method => new XElement("AllowedMethod", method)),
            new XElement("AllowedHeader", "*"),
            new XElement("ExposeHeader", "ETag"),
            new XElement("MaxAgeSeconds", 3600)
        );
        return [mine, .. rules.Where(rule => !Is(rule))];
    }

    private static bool Matches(string pattern, string origin) =>
        pattern.Split('*') switch
        {
            [var whole] => string.Equals(whole, origin, StringComparison.OrdinalIgnoreCase),
            [var head, var tail] => origin.Length >= head.Length + tail.Length
                && origin.StartsWith(head, StringComparison.OrdinalIgnoreCase)
                && origin.EndsWith(tail, StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
}
