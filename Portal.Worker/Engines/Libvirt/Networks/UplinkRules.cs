using System.Text;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What passes the uplink. Customers' networks meet here and must not reach each other, except at public addresses, as anybody may; nor may
/// they reach private ranges beyond: those are the operator's own.
/// </summary>
internal static class UplinkRules
{
    private static readonly string NotInternet = string.Join(", ", Internet.Not);

    public static string Of(UplinkSettings? given)
    {
        var text = new StringBuilder("table inet uplink\ndelete table inet uplink\ntable inet uplink {\n");
        text.Append(" set public { type ipv4_addr; flags interval; ")
            .Append(given?.Range is { } range ? $"elements = {{ {range} }};" : "")
            .Append(" }\n");
        NetworkRules.Chain(
            text,
            "forward",
            [
                "type filter hook forward priority filter; policy drop;",
                "ct state invalid drop",
                "ct state established,related accept",
                "iifname \"u-*\" oifname \"u-*\" ip daddr @public accept",
                "iifname \"u-*\" oifname \"u-*\" drop",
                .. (given?.Resolvers ?? []).Select(resolver =>
                    $"iifname \"u-*\" ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 accept"
                ),
                $"iifname \"u-*\" ip daddr {{ {NotInternet} }} drop",
                "iifname \"u-*\" accept",
                "oifname \"u-*\" ip daddr @public accept",
            ]
        );
        NetworkRules.Chain(
            text,
            "input",
            "type filter hook input priority filter; policy drop;",
            "iifname \"lo\" accept",
            "ct state established,related accept",
            "icmp type echo-request accept"
        );
        NetworkRules.Chain(
            text,
            "srcnat",
            "type nat hook postrouting priority srcnat; policy accept;",
            "oifname != \"u-*\" ip saddr 100.64.0.0/10 masquerade"
        );
        return text.Append("}\n").ToString();
    }
}
