using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>A permission as a customer writes it. Nothing in it has been checked.</summary>
/// <param name="Range">The other side as typed, e.g. <c>0.0.0.0/0</c>; empty where <paramref name="GroupId"/> is given.</param>
public sealed record NewRule(
    RuleDirection Direction,
    TransportProtocol Protocol,
    int FromPort,
    int ToPort,
    string? Range,
    string? GroupId,
    string? Note = null
)
{
    public const string Anywhere = "0.0.0.0/0";

    /// <summary>What is dangerous to leave open to everybody, and what to call it.</summary>
    private static readonly (int Port, string Name)[] Risky =
    [
        (23, "Telnet"),
        (135, "Windows RPC"),
        (139, "NetBIOS"),
        (445, "Windows file sharing"),
        (1433, "SQL Server"),
        (1521, "Oracle"),
        (2049, "NFS"),
        (2375, "Docker without a password"),
        (3306, "MySQL"),
        (3389, "remote desktop"),
        (5432, "PostgreSQL"),
        (5900, "VNC"),
        (6379, "Redis"),
        (9200, "Elasticsearch"),
        (11211, "memcached"),
        (27017, "MongoDB"),
    ];

    public bool HasPorts => Protocol is TransportProtocol.Tcp or TransportProtocol.Udp;

    /// <summary>Why it cannot be saved; null if it can.</summary>
    /// <param name="groupIds">The groups of the network.</param>
    public Refusal? WhyNot(IReadOnlyCollection<string> groupIds) =>
        this switch
        {
            { HasPorts: true, FromPort: < 1 or > SecurityGroupRule.LastPort }
            or { HasPorts: true, ToPort: < 1 or > SecurityGroupRule.LastPort } => Refusal.Invalid("A port is a number from 1 to 65535."),
            { HasPorts: true } when FromPort > ToPort => Refusal.Invalid($"Ports are written the lower first: {ToPort}–{FromPort}."),
            { GroupId: { } group } => groupIds.Contains(group, StringComparer.Ordinal)
                ? WhyNotNote
                : Refusal.NotFound("There is no such group in this network any more."),
            _ => AddressRanges.Parse(Range).Refusal ?? WhyNotNote,
        };

    /// <summary>
    /// What everybody on the Internet could try if this were saved, as a sentence; null where nothing is unusual. SSH is usual.
    /// </summary>
    public string? WhyRisky()
    {
        if (
            Direction is RuleDirection.Outbound
            || GroupId is not null
            || AddressRanges.Parse(Range) is not { IsDone: true, Value.PrefixLength: 0 }
        )
        {
            return null;
        }

        if (Protocol is TransportProtocol.All || (HasPorts && FromPort <= 1 && ToPort == SecurityGroupRule.LastPort))
        {
            return "Everything is open to everybody: name the ports, or who may come in.";
        }

        var open = HasPorts ? Array.FindAll(Risky, risk => FromPort <= risk.Port && risk.Port <= ToPort) : [];
        return open.Length == 0
            ? null
            : $"Open to everybody: {string.Join(", ", open.Select(risk => $"{risk.Name} ({risk.Port})"))}. Usually a group or your own address is meant.";
    }

    public SecurityGroupRule Build(SecurityGroup group) =>
        new()
        {
            AccountId = group.AccountId,
            SecurityGroupId = group.Id,
            Direction = Direction,
            Protocol = Protocol,
            FromPort = HasPorts ? FromPort : 0,
            ToPort = HasPorts ? ToPort : SecurityGroupRule.LastPort,
            Range = GroupId is null ? AddressRanges.Parse(Range).Value : null,
            PeerGroupId = GroupId,
            Note = string.IsNullOrWhiteSpace(Note) ? null : Note.Trim(),
        };

    public static NewRule Of(SecurityGroupRule rule) =>
        new(rule.Direction, rule.Protocol, rule.FromPort, rule.ToPort, rule.Range?.ToString(), rule.PeerGroupId, rule.Note);

    private Refusal? WhyNotNote =>
        Note is { Length: > 255 } ? Refusal.Invalid("A note has at most 255 characters.")
        : Note is not null && !PrintableText.Is(Note) ? Refusal.Invalid("The note holds a character that cannot be seen.")
        : null;
}
