using System.Globalization;
using System.Xml.Linq;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What Portal writes into a machine's definition. libvirt keeps two copies: that of the definition, and that with which the running
/// machine was started. So the count of reboots needs no second write: a machine has taken those that it was started with.
/// </summary>
/// <param name="RebootsDone">Reboots that a machine started from this definition has taken.</param>
/// <param name="RebootAsked">When the guest was asked to shut down in order to be started again, in Unix seconds; null otherwise.</param>
internal sealed record MachineMark(string AccountId, string NetworkId, int RebootsDone, long? RebootAsked)
{
    public const string Namespace = "urn:portal:machine";

    private static readonly XNamespace Xml = Namespace;

    public XElement ToXml() =>
        new(
            Xml + "machine",
            new XAttribute(XNamespace.Xmlns + "portal", Namespace),
            new XAttribute("account", AccountId),
            new XAttribute("network", NetworkId),
            new XAttribute("boot", RebootsDone.ToString(CultureInfo.InvariantCulture)),
            RebootAsked is { } asked ? new XAttribute("reboot", asked.ToString(CultureInfo.InvariantCulture)) : null
        );

    public static MachineMark Parse(string text)
    {
        var element = XElement.Parse(text);
        return new MachineMark(
            (string)element.Attribute("account")!,
            (string)element.Attribute("network")!,
            (int)element.Attribute("boot")!,
            (long?)element.Attribute("reboot")
        );
    }
}
