using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// A named set of permissions: what may reach the interfaces that are in it, and whereto they may begin to speak. What no rule of any of a
/// interface's groups allows is dropped; replies always pass.
/// </summary>
public sealed class SecurityGroup : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    /// <summary>The one that an instance gets when nobody chooses; each network has one, and keeps it.</summary>
    public bool IsDefault { get; init; }

    public ICollection<SecurityGroupRule> Rules { get; } = [];

    /// <summary>The network's generation with which the rules were last saved, and when.</summary>
    public long Generation { get; private set; }

    public DateTimeOffset? ChangedAt { get; private set; }

    /// <summary>When the engine had the rules as they are now; null while it has not.</summary>
    public DateTimeOffset? AppliedAt { get; private set; }

    /// <summary>How long the last save took to reach the guests. Two clocks may differ a little: never less than nothing.</summary>
    public TimeSpan? AppliedAfter =>
        (ChangedAt, AppliedAt) is ({ } changed, { } applied)
            ? applied > changed
                ? applied - changed
                : TimeSpan.Zero
            : null;

    public GroupSpec Spec => new(Id, [.. In(RuleDirection.Inbound)], [.. In(RuleDirection.Outbound)]);

    public void RulesChanged(long generation, DateTimeOffset now) => (Generation, ChangedAt, AppliedAt) = (generation, now, null);

    private IEnumerable<GroupRule> In(RuleDirection direction) =>
        Rules.Where(rule => rule.Direction == direction).OrderBy(rule => rule.Id).Select(rule => rule.Spec);
}

/// <summary>One permission.</summary>
public sealed class SecurityGroupRule : IOwned
{
    public const int LastPort = ushort.MaxValue;

    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string SecurityGroupId { get; init; }

    public required RuleDirection Direction { get; init; }

    public required TransportProtocol Protocol { get; init; }

    /// <summary>First and last port; 0 and 65535 where the protocol has none.</summary>
    public int FromPort { get; init; }

    public int ToPort { get; init; } = LastPort;

    /// <summary>The other side: who may come in, or where one may go. Either this or <see cref="PeerGroupId"/>.</summary>
    public IPNetwork? Range { get; init; }

    /// <summary>The other side as the members of a group of the same network, itself perhaps.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? PeerGroupId { get; init; }

    [MaxLength(255)]
    public string? Note { get; init; }

    public GroupRule Spec => new(Protocol, FromPort, ToPort, Range, PeerGroupId);

    /// <summary>E.g. <c>in tcp 22 from 0.0.0.0/0</c>, as the audit tells it.</summary>
    public override string ToString()
    {
        var ports = Protocol is TransportProtocol.Tcp or TransportProtocol.Udp
            ? FromPort == ToPort
                ? $" {FromPort}"
                : $" {FromPort}-{ToPort}"
            : "";
        var (way, other) = Direction is RuleDirection.Inbound ? ("in", "from") : ("out", "to");
        return $"{way} {Protocol.ToString().ToLowerInvariant()}{ports} {other} {PeerGroupId ?? Range?.ToString()}";
    }
}

public enum RuleDirection
{
    Inbound,
    Outbound,
}

public enum TransportProtocol
{
    All,
    Tcp,
    Udp,
    Icmp,
}
