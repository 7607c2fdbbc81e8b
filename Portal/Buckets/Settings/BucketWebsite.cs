using System.Xml.Linq;

namespace Portal.Buckets;

/// <summary>How a bucket is a website.</summary>
/// <param name="Index">The page that stands for a folder; empty where there is none.</param>
/// <param name="Error">The page for what is not there; empty for none.</param>
/// <param name="Foreign">
/// All of it in S3's own words, if it does more than the form can say: it redirects, or an address leads elsewhere.
/// </param>
public sealed record BucketWebsite(string Index, string Error, string? Foreign)
{
    public static BucketWebsite Of(XElement document)
    {
        var (index, error) = (
            document.Element("IndexDocument")?.Element("Suffix")?.Value ?? "",
            document.Element("ErrorDocument")?.Element("Key")?.Value ?? ""
        );
        return new BucketWebsite(
            index,
            error,
            WhyNot(index) is null && S3Xml.AreSame(Document(index, error), document) ? null : S3Xml.Text(document)
        );
    }

    /// <summary>Why an index page cannot be called so; null if it can.</summary>
    public static string? WhyNot(string index) =>
        index is { Length: > 0 } && !index.Contains('/', StringComparison.Ordinal) ? null : "A file name without a slash, e.g. index.html.";

    public static XElement Document(string index, string? error) =>
        new(
            "WebsiteConfiguration",
            new XElement("IndexDocument", new XElement("Suffix", index)),
            string.IsNullOrWhiteSpace(error) ? null : new XElement("ErrorDocument", new XElement("Key", error))
        );
}
