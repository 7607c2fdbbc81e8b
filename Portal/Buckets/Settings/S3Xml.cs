using System.Xml.Linq;

namespace Portal.Buckets;

/// <summary>The XML in which S3 keeps a bucket's settings: what two documents have in common however they are laid out.</summary>
public static class S3Xml
{
    private static readonly XNamespace Amazon = "http://s3.amazonaws.com/doc/2006-03-01/";

    /// <summary>
    /// The same without namespaces, which gateways write or leave out as they like, and without what no setting has: attributes, comments,
    /// blanks between elements.
    /// </summary>
    public static XElement Plain(XElement element) =>
        new(element.Name.LocalName, element.HasElements ? element.Elements().Select(Plain) : element.Value);

    /// <summary>As S3 wants to be sent it.</summary>
    public static XElement ForS3(XElement element) =>
        new(Amazon + element.Name.LocalName, element.HasElements ? element.Elements().Select(ForS3) : element.Value);

    /// <summary>Whether they say the same. The order of elements means nothing in S3's settings.</summary>
    public static bool AreSame(XElement one, XElement other) => XNode.DeepEquals(Sorted(one), Sorted(other));

    public static bool AreSame(IEnumerable<XElement> one, IEnumerable<XElement> other) =>
        AreSame(new XElement("All", one.Select(Sorted)), new XElement("All", other.Select(Sorted)));

    /// <summary>For people.</summary>
    public static string Text(XElement element) => Plain(element).ToString();

    private static XElement Sorted(XElement element) =>
        new(
            element.Name.LocalName,
            element.HasElements
                ? element.Elements().Select(Sorted).OrderBy(child => child.ToString(SaveOptions.DisableFormatting), StringComparer.Ordinal)
                : element.Value
        );
}
