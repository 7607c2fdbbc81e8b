using System.Globalization;
using System.Xml.Linq;

namespace Portal.Buckets;

/// <summary>
/// A lifecycle rule while somebody edits it. What the form cannot say (tags, sizes, dates, other storage classes, more days than it takes)
/// makes a rule a foreign one: it is shown, kept as it is, and can only be removed. So whatever another tool wrote, no other rule is kept
/// from being saved by it, and nothing of it is lost.
/// </summary>
public sealed class LifecycleDraft : IRuleDraft
{
    private readonly XElement? foreign;

    private LifecycleDraft(XElement? foreign) => this.foreign = foreign;

    public LifecycleDraft()
        : this(null) { }

    public string? Id { get; private init; }

    public bool IsEnabled { get; set; } = true;

    public string Prefix { get; set; } = "";

    /// <summary>Days after which objects are deleted.</summary>
    public string Expire { get; set; } = "";

    /// <summary>Days after which versions that are not the newest any more are deleted.</summary>
    public string ExpireOlder { get; set; } = "";

    /// <summary>Days after which unfinished uploads are aborted.</summary>
    public string Abort { get; set; } = "";

    /// <summary>The rule in S3's own words, if the form cannot say it.</summary>
    public string? Foreign => foreign is null ? null : S3Xml.Text(foreign);

    public bool IsForeign => foreign is not null;

    public static LifecycleDraft Of(XElement rule)
    {
        var whole = Usual(rule);
        var (id, isEnabled, prefix) = (
            whole.Element("ID")?.Value,
            whole.Element("Status")?.Value is "Enabled",
            whole.Element("Filter")?.Element("Prefix")?.Value ?? ""
        );
        var draft = new LifecycleDraft
        {
            Id = id,
            IsEnabled = isEnabled,
            Prefix = prefix,
            Expire = whole.Element("Expiration")?.Element("Days")?.Value ?? "",
            ExpireOlder = whole.Element("NoncurrentVersionExpiration")?.Element("NoncurrentDays")?.Value ?? "",
            Abort = whole.Element("AbortIncompleteMultipartUpload")?.Element("DaysAfterInitiation")?.Value ?? "",
        };
        return draft.Check() is null && S3Xml.AreSame(draft.ToRule(), whole)
            ? draft
            : new LifecycleDraft(whole)
            {
                Id = id,
                IsEnabled = isEnabled,
                Prefix = prefix,
            };
    }

    public static bool AreSame(IEnumerable<XElement> one, IEnumerable<XElement> other) =>
        S3Xml.AreSame(one.Select(Usual), other.Select(Usual));

    public string? Check() =>
        IsForeign ? null
        : new[] { Expire, ExpireOlder, Abort }.All(days => days.Trim().Length == 0)
            ? "A rule does at least one thing: say after how many days."
        : new[] { Expire, ExpireOlder, Abort }.Any(days => days.Trim().Length > 0 && Days(days) is null)
            ? "Days are a number from 1 to 36,500."
        : null;

    public XElement ToRule() =>
        foreign
        ?? new XElement(
            "Rule",
            new XElement("ID", string.IsNullOrEmpty(Id) ? Guid.NewGuid().ToString("N") : Id),
            new XElement("Filter", new XElement("Prefix", Prefix)),
            new XElement("Status", IsEnabled ? "Enabled" : "Disabled"),
            Element("Expiration", "Days", Expire),
            Element("NoncurrentVersionExpiration", "NoncurrentDays", ExpireOlder),
            Element("AbortIncompleteMultipartUpload", "DaysAfterInitiation", Abort)
        );

    private static XElement? Element(string name, string unit, string text) =>
        Days(text) is { } days ? new XElement(name, new XElement(unit, days)) : null;

    /// <summary>
    /// One spelling for what can be spelled in several ways: older tools put the prefix outside of the filter, and RADOS Gateway answers
    /// several conditions side by side, or the prefix beside the others, which S3 would not take back.
    /// </summary>
    private static XElement Usual(XElement rule)
    {
        var usual = S3Xml.Plain(rule);
        var (outside, filter) = (usual.Element("Prefix"), usual.Element("Filter"));
        outside?.Remove();
        filter?.Remove();
        var conditions = (filter?.Elements() ?? [])
            .SelectMany(condition => condition.Name.LocalName is "And" ? condition.Elements() : [condition])
            .Select(S3Xml.Plain)
            .ToList();
        if (outside is not null && (outside.Value.Length > 0 || conditions.Count == 0))
        {
            conditions.Add(outside);
        }

        usual.Add(
            new XElement(
                "Filter",
                conditions.Count switch
                {
                    0 => new XElement("Prefix", ""),
                    1 => conditions[0],
                    _ => new XElement("And", conditions),
                }
            )
        );
        return usual;
    }

    private static int? Days(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= 36_500
            ? days
            : null;
}
