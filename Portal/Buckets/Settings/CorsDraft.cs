using System.Globalization;
using System.Xml.Linq;

namespace Portal.Buckets;

/// <summary>
/// A CORS rule while somebody edits it: lists as words with spaces or commas between. What the form cannot say (methods of other stores,
/// origins that no page has, years to remember) makes it a foreign one: see <see cref="LifecycleDraft"/>.
/// </summary>
public sealed class CorsDraft : IRuleDraft
{
    private readonly XElement? foreign;

    private CorsDraft(XElement? foreign) => this.foreign = foreign;

    public CorsDraft()
        : this(null) { }

    public static readonly IReadOnlyList<string> AllMethods = ["GET", "PUT", "POST", "DELETE", "HEAD"];

    public string? Id { get; init; }

    public string Origins { get; set; } = "";

    public HashSet<string> Methods { get; } = new(StringComparer.Ordinal);

    public string Headers { get; set; } = "";

    public string Exposed { get; set; } = "";

    public string MaxAge { get; set; } = "";

    /// <summary>The rule in S3's own words, if the form cannot say it.</summary>
    public string? Foreign => foreign is null ? null : S3Xml.Text(foreign);

    public bool IsForeign => foreign is not null;

    public static CorsDraft Of(XElement rule)
    {
        var whole = S3Xml.Plain(rule);
        var draft = new CorsDraft
        {
            Id = whole.Element("ID")?.Value,
            Origins = string.Join(' ', Texts(whole, "AllowedOrigin")),
            Headers = string.Join(' ', Texts(whole, "AllowedHeader")),
            Exposed = string.Join(' ', Texts(whole, "ExposeHeader")),
            MaxAge = whole.Element("MaxAgeSeconds")?.Value ?? "",
        };
        draft.Methods.UnionWith(Texts(whole, "AllowedMethod"));
        return draft.Check() is null && S3Xml.AreSame(draft.ToRule(), whole) ? draft : new CorsDraft(whole) { Id = draft.Id };
    }

    /// <summary>Whether the customer's rules are the same; Portal's own is not looked at.</summary>
    public static bool AreSame(IEnumerable<XElement> one, IEnumerable<XElement> other) =>
        S3Xml.AreSame(one.Where(rule => !PortalCorsRule.Is(rule)), other.Where(rule => !PortalCorsRule.Is(rule)));

    /// <summary>The texts of all elements of a name.</summary>
    internal static IEnumerable<string> Texts(XElement rule, string name) =>
        rule.Elements().Where(element => element.Name.LocalName == name).Select(element => element.Value);

    public string? Check() =>
        IsForeign ? null
        : Words(Origins) is not { Count: > 0 } origins ? "A rule needs an origin, e.g. https://example.com; * is all of them."
        : origins.FirstOrDefault(origin => !IsOrigin(origin)) is { } wrong
            ? $"“{wrong}” is not an origin: it is like https://example.com, without a path, with at most one *."
        : Methods.Count == 0 ? "A rule needs at least one method."
        : Words(Headers).FirstOrDefault(header => header.Count(c => c is '*') > 1) is { } twice ? $"“{twice}” has more than one *."
        : Words(Headers).Concat(Words(Exposed)).FirstOrDefault(header => !IsHeader(header)) is { } odd
            ? $"“{odd}” is not the name of a header."
        : MaxAge.Trim().Length > 0
        && !(int.TryParse(MaxAge.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var age) && age <= 86_400 * 30)
            ? "The age is a number of seconds."
        : null;

    public XElement ToRule() =>
        foreign
        ?? new XElement(
            "CORSRule",
            string.IsNullOrEmpty(Id) ? null : new XElement("ID", Id),
            Words(Origins).Select(origin => new XElement("AllowedOrigin", origin)),
            AllMethods.Where(Methods.Contains).Select(method => new XElement("AllowedMethod", method)),
            Words(Headers).Select(header => new XElement("AllowedHeader", header)),
            Words(Exposed).Select(header => new XElement("ExposeHeader", header)),
            int.TryParse(MaxAge.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var age)
                ? new XElement("MaxAgeSeconds", age)
                : null
        );

    /// <summary>What a browser sends as a page's origin, in which one * may stand for anything.</summary>
    private static bool IsOrigin(string text)
    {
        if (text is "*" || text.Count(c => c is '*') > 1)
        {
            return text is "*";
        }

        // A digit may stand in a host's name, as a port, and where the scheme is left open.
        var example = text.StartsWith('*') ? $"https://1{text[1..]}" : text.Replace('*', '1');
        return Uri.TryCreate(example, UriKind.Absolute, out var page)
            && !example.EndsWith('/')
            && page is { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "", AbsolutePath: "/", Query: "", Fragment: "" };
    }

    /// <summary>https://www.rfc-editor.org/rfc/rfc9110#name-tokens, of which names of headers consist.</summary>
    private static bool IsHeader(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    private static List<string> Words(string text) =>
        [.. text.Split([' ', ',', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
