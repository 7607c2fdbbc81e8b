using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// A private network's rules in nft's words, each text loaded as one transaction. Only addresses, numbers and checked names go into it.
/// Two tables: one on the guests' ports, where a guest is held to its own MACs and addresses; one in the router, where traffic is allowed.
/// </summary>
internal static partial class NetworkRules
{
    /// <summary>The mark of the engine's own sockets that ask whether ssh answers; no guest can set it.</summary>
    public const int ProbeMark = 0x706f;

    /// <summary>The mark of what a guest's port let in; it ends at the engine's namespace.</summary>
    private const int PortMark = 0x7067;

    /// <summary>
    /// For the engine's namespace: a guest's port that no network knows (any more) lets nothing in. Its chain comes after those of the
    /// networks.
    /// </summary>
    public static string UnknownPorts { get; } =
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            table bridge ports
            delete table bridge ports
            table bridge ports {
             chain prerouting {
              type filter hook prerouting priority -250; policy accept;
              iifname "t-*" meta mark != {{PortMark}} drop
             }
            }

            """
        );

    /// <summary>What the router lets through. All traffic passes it, also that between two guests of one subnet.</summary>
    public static string Router(NetworkSpec network, UplinkLimits limits)
    {
        var members = Members(network);
        var text = new StringBuilder("table inet portal\ndelete table inet portal\ntable inet portal {\n");
        Set(text, "set members", "ether_addr . ipv4_addr", Own(members).Select(own => $"{own.Interface.Mac} . {own.Address}"));
        var groups = GroupRules.Write(text, network, members);
        Set(text, "map inside", "ipv4_addr : verdict", members.Select(member => $"{member.Address} : goto to{groups[member]}"));
        Set(text, "map outside", "ipv4_addr : verdict", members.Select(member => $"{member.Address} : goto public{groups[member]}"));
        Set(text, "map sending", "ipv4_addr : verdict", members.Select(member => $"{member.Address} : jump from{groups[member]}"));
        Chain(text, "receive", ["oifname \"lan\" ip daddr vmap @inside", .. OutsideRules.PageLifetime(network), "drop"]);
        OutsideRules.Limit(text, network, limits);
        Chain(
            text,
            "forward",
            [
                "type filter hook forward priority filter; policy drop;",
                "ip daddr { 127.0.0.0/8, 169.254.0.0/16 } drop",
                "iifname \"lan\" ether saddr . ip saddr != @members drop",
                .. OutsideRules.Pinning(network),
                "ct state invalid drop",
                .. OutsideRules.Limited(network),
                "ct state established,related accept",
                string.Create(CultureInfo.InvariantCulture, $"ct state new ct count over {limits.ConnectionsPerNetwork} drop"),
                "iifname \"lan\" ip saddr vmap @sending",
                "iifname != \"lan\" oifname \"lan\" ip daddr vmap @inside",
            ]
        );
        Chain(
            text,
            "input",
            "type filter hook input priority filter; policy drop;",
            "iifname \"lo\" accept",
            "ct state established,related accept",
            "udp sport 68 udp dport 67 accept",
            "ether saddr . ip saddr != @members drop",
            "udp dport 53 accept",
            "tcp dport 53 accept",
            "icmp type echo-request accept"
        );
        Chain(
            text,
            "output",
            "type filter hook output priority filter; policy drop;",
            "oifname \"lo\" accept",
            "ct state established,related accept",
            "udp sport 67 udp dport 68 accept",
            $"meta mark {ProbeMark} accept",
            "icmp type { destination-unreachable, time-exceeded } accept",
            network.Nat ? "oifname \"wan\" udp dport 53 accept" : "",
            network.Nat ? "oifname \"wan\" tcp dport 53 accept" : "",
            "ip daddr vmap @outside"
        );
        OutsideRules.Translate(text, network);
        return text.Append("}\n").ToString();
    }

    /// <summary>
    /// What a guest may send at all: ARP and IPv4 under an interface's own MAC and an address of its own, and DHCP before it has one. Of
    /// its own are the addresses of all its interfaces: a guest with several may answer through another than it was asked through.
    /// </summary>
    public static string Ports(NetworkSpec network)
    {
        var table = $"table bridge {Table(network.Id)}";
        var members = Members(network);
        var known = $"meta mark set {PortMark} accept";
        var text = new StringBuilder($"{table}\ndelete {table}\n{table} {{\n");
        Set(text, "set ports", "ifname", members.Select(member => $"\"{Port(member)}\""));
        Set(text, "set interfaces", "ifname . ether_addr", members.Select(member => $"\"{Port(member)}\" . {member.Mac}"));
        Set(
            text,
            "set members",
            "ifname . ether_addr . ipv4_addr",
            Own(members).Select(own => $"\"{Port(own.Interface)}\" . {own.Interface.Mac} . {own.Address}")
        );
        Chain(
            text,
            "guest",
            "iifname . ether saddr != @interfaces drop",
            $"ether type ip iifname . ether saddr . ip saddr @members {known}",
            $"ether type arp iifname . arp saddr ether . arp saddr ip @members {known}",
            $"ether type arp iifname . arp saddr ether @interfaces arp saddr ip 0.0.0.0 {known}",
            $"ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 {known}",
            "drop"
        );
        Chain(text, "prerouting", "type filter hook prerouting priority -300; policy accept;", "iifname @ports goto guest");
        return text.Append("}\n").ToString();
    }

    public static string Table(string networkId) => $"net_{EngineFolder.Checked(networkId)[^11..]}";

    /// <summary>
    /// The MAC that the router answers with; it follows from the id, so that guests need not notice when a router is made anew.
    /// </summary>
    public static string GatewayMac(string networkId) =>
        $"02:{string.Join(':', EngineFolder.Checked(networkId)[^10..].Chunk(2).Select(pair => new string(pair)))}";

    public static void Set(StringBuilder text, string name, string type, IEnumerable<string> elements)
    {
        var all = string.Join(", ", elements);
        text.Append(CultureInfo.InvariantCulture, $" {name} {{ type {type}; {(all.Length == 0 ? "" : $"elements = {{ {all} }};")} }}\n");
    }

    public static void Chain(StringBuilder text, string name, params IEnumerable<string> rules) =>
        text.Append(CultureInfo.InvariantCulture, $" chain {name} {{\n  {string.Join("\n  ", rules)}\n }}\n");

    private static List<NetworkMember> Members(NetworkSpec network) =>
        [
            .. network.Members.Select(member =>
                IsUsable(network, member)
                    ? member
                    : throw new EngineException(EngineFault.Rejected, $"{member.InterfaceId} has no usable address.")
            ),
        ];

    private static bool IsUsable(NetworkSpec network, NetworkMember member) =>
        member.Address.AddressFamily is AddressFamily.InterNetwork
        && network.Subnets.Any(subnet => subnet.Range.Contains(member.Address))
        && MacForm().IsMatch(member.Mac);

    /// <summary>Each interface with each address of its instance.</summary>
    private static IEnumerable<(NetworkMember Interface, IPAddress Address)> Own(List<NetworkMember> members) =>
        members
            .GroupBy(member => member.InstanceId, StringComparer.Ordinal)
            .SelectMany(own => own.SelectMany(networkInterface => own.Select(other => (networkInterface, other.Address))));

    private static string Port(NetworkMember member) => EngineFolder.Device('t', member.InterfaceId);

    [GeneratedRegex(@"\A([0-9a-f]{2}:){5}[0-9a-f]{2}\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MacForm();
}
