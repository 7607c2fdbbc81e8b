using System.Globalization;
using Amazon.S3.Model;

namespace Portal.Storage;

/// <summary>A CORS rule while somebody edits it: lists as words with spaces or commas between.</summary>
public sealed class CorsDraft : IRuleDraft
{
    public static readonly IReadOnlyList<string> AllMethods = ["GET", "PUT", "POST", "DELETE", "HEAD"];

    public string? Id { get; init; }

    public string Origins { get; set; } = "";

    public HashSet<string> Methods { get; } = new(StringComparer.Ordinal);

    public string Headers { get; set; } = "";

    public string Exposed { get; set; } = "";

    public string MaxAge { get; set; } = "";

    public static CorsDraft Of(CORSRule rule)
    {
        var draft = new CorsDraft
        {
            Id = rule.Id,
            Origins = string.Join(' ', rule.AllowedOrigins ?? []),
            Headers = string.Join(' ', rule.AllowedHeaders ?? []),
            Exposed = string.Join(' ', rule.ExposeHeaders ?? []),
            MaxAge = rule.MaxAgeSeconds?.ToString(CultureInfo.InvariantCulture) ?? "",
        };
        draft.Methods.UnionWith(rule.AllowedMethods ?? []);
        return draft;
    }

    /// <summary>Whether the customer's rules are the same; Portal's own is not looked at.</summary>
    public static bool AreSame(IEnumerable<CORSRule> one, IEnumerable<CORSRule> other) => Said(one).SequenceEqual(Said(other));

    public string? Check() =>
        Words(Origins) is not { Count: > 0 } origins ? "A rule needs an origin, e.g. https://example.com; * is all of them."
        : origins.FirstOrDefault(origin => !IsOrigin(origin)) is { } wrong ? $"“{wrong}” is not an origin: it is like https://example.com, without a path, with at most one *."
        : Methods.Count == 0 ? "A rule needs at least one method."
        : Words(Headers).FirstOrDefault(header => header.Count(c => c is '*') > 1) is { } twice ? $"“{twice}” has more than one *."
        : Words(Headers).Concat(Words(Exposed)).FirstOrDefault(header => !IsHeader(header)) is { } odd ? $"“{odd}” is not the name of a header."
        : MaxAge.Trim().Length > 0 && !(int.TryParse(MaxAge.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var age) && age <= 86_400 * 30) ? "The age is a number of seconds."
        : null;

    public CORSRule ToRule() => new()
    {
        Id = string.IsNullOrEmpty(Id) ? null : Id,
        AllowedOrigins = Words(Origins),
        AllowedMethods = [.. AllMethods.Where(Methods.Contains)],
        AllowedHeaders = Words(Headers),
        ExposeHeaders = Words(Exposed),
        MaxAgeSeconds = int.TryParse(MaxAge.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var age) ? age : null,
    };

    private static IEnumerable<(string?, string, string, string, string, string)> Said(IEnumerable<CORSRule> rules) => rules.Where(rule => !PortalCorsRule.Is(rule)).Select(Of)
        .Select(draft => (draft.Id, draft.Origins, string.Join(' ', draft.Methods.Order(StringComparer.Ordinal)), draft.Headers, draft.Exposed, draft.MaxAge));

    /// <summary>What a browser sends as a page's origin, in which one * may stand for anything.</summary>
    private static bool IsOrigin(string text)
    {
        if (text is "*" || text.Count(c => c is '*') > 1)
        {
            return text is "*";
        }

        // A digit may stand in a host's name, as a port, and where the scheme is left open.
        var example = text.StartsWith('*') ? $"https://1{text[1..]}" : text.Replace('*', '1');
        return Uri.TryCreate(example, UriKind.Absolute, out var page) && !example.EndsWith('/')
            && page is { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "", AbsolutePath: "/", Query: "", Fragment: "" };
    }

    /// <summary>https://www.rfc-editor.org/rfc/rfc9110#name-tokens, of which names of headers consist.</summary>
    private static bool IsHeader(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    private static List<string> Words(string text) => [.. text.Split([' ', ',', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
