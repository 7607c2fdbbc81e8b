using System.Globalization;
using Portal.Model.Networking;

namespace Portal.Networking;

/// <summary>A rule as it is being edited: what is typed, whether it makes sense or not.</summary>
public sealed class RuleRow
{
    /// <summary>The other side in the list of choices; else it is a group's id.</summary>
    public const string ByRange = "range";
    public const string Anywhere = "anywhere";
    public const string Me = "me";

    public required RuleDirection Direction { get; init; }

    public TransportProtocol Protocol { get; set; } = TransportProtocol.Tcp;

    /// <summary><c>22</c>, or <c>8000-8100</c>.</summary>
    public string Ports { get; set; } = "";

    public string Other { get; set; } = Anywhere;

    public string Range { get; set; } = "";

    public string Note { get; set; } = "";

    public bool HasPorts => Protocol is TransportProtocol.Tcp or TransportProtocol.Udp;

    public static RuleRow Of(SecurityGroupRule rule) =>
        new()
        {
            Direction = rule.Direction,
            Protocol = rule.Protocol,
            Ports =
                rule.FromPort == rule.ToPort ? Text(rule.FromPort)
                : rule.Protocol is TransportProtocol.All or TransportProtocol.Icmp ? ""
                : $"{Text(rule.FromPort)}-{Text(rule.ToPort)}",
            Other = rule.PeerGroupId ?? (rule.Range is { PrefixLength: 0 } ? Anywhere : ByRange),
            Range = rule.Range is { PrefixLength: > 0 } range ? range.ToString() : "",
            Note = rule.Note ?? "",
        };

    /// <summary>Ports that cannot be read are 0, which no rule may have.</summary>
    public NewRule ToRule()
    {
        var parts = Ports.Split(['-', '–'], 2, StringSplitOptions.TrimEntries);
        var from = Number(parts[0]);
        var (isGroup, range) = Other switch
        {
            Anywhere => (false, NewRule.Anywhere),
            ByRange or Me => (false, Range),
            _ => (true, null),
        };
        return new NewRule(
            Direction,
            Protocol,
            HasPorts ? from : 0,
            HasPorts
                ? parts.Length > 1
                    ? Number(parts[1])
                    : from
                : SecurityGroupRule.LastPort,
            range,
            isGroup ? Other : null,
            Note
        );
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
