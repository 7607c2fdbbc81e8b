using System.Globalization;
using System.Text;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The part of a router's rules that is about what lies beyond its own network: peers, each behind a cable of its own, and the uplink,
/// behind <c>wan</c>. What comes from there meets the same inbound rules as what comes from within.
/// </summary>
internal static class OutsideRules
{
    /// <summary>
    /// Server to server; who submits mail to a provider uses 465 or 587, with a password. https://www.rfc-editor.org/rfc/rfc5321
    /// </summary>
    private const int Smtp = 25;

    private const int MostMembers = 65535;

    public static bool NeedsUplink(NetworkSpec network) => network.Nat || network.Addresses.Any(address => address.Address is not null);

    public static string Cable(PeerSpec peer) => EngineFolder.Device('p', peer.PeeringId);

    /// <summary>
    /// Where a guest whose own rules let it out may go: to a peer's range, and outside if that was turned on or it has an address there.
    /// </summary>
    public static IEnumerable<string> PageLifetime(NetworkSpec network) =>
        [
            .. network.Peers.Select(peer => $"oifname \"{Cable(peer)}\" ip daddr {peer.Range} accept"),
            network.Nat ? "oifname \"wan\" accept"
            : NeedsUplink(network) ? "oifname \"wan\" ip saddr @public accept"
            : "",
        ];

    /// <summary>
    /// From a peer comes only what is from its range, and to a peer nothing that is from another: peering does not reach further than one
    /// cable.
    /// </summary>
    public static IEnumerable<string> Pinning(NetworkSpec network) =>
        network.Peers.Select(peer => $"iifname \"{Cable(peer)}\" ip saddr != {peer.Range} drop");

    /// <summary>
    /// What a guest may take of the way outside, and that it delivers no mail to other servers unless its account may. Before all else that
    /// lets through: it holds for what is open already, too. Only addresses of members come this far, so the sets cannot be filled from
    /// outside.
    /// </summary>
    public static void Limit(StringBuilder text, NetworkSpec network, UplinkLimits limits)
    {
        if (!NeedsUplink(network))
        {
            return;
        }

        foreach (var name in new[] { "sent", "received", "opening" })
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $" set {name} {{ type ipv4_addr; size {MostMembers}; flags dynamic,timeout; timeout 1m; }}\n"
            );
        }

        foreach (var name in new[] { "opened", "accepted" })
        {
            text.Append(CultureInfo.InvariantCulture, $" set {name} {{ type ipv4_addr; size {MostMembers}; flags dynamic; }}\n");
        }

        string Rate(string side) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"ip {side} limit rate over {limits.KilobytesPerGuest} kbytes/second burst {Math.Max(64, limits.KilobytesPerGuest / 4)} kbytes"
            );
        string Count(string side) => string.Create(CultureInfo.InvariantCulture, $"ip {side} ct count over {limits.ConnectionsPerGuest}");
        NetworkRules.Chain(
            text,
            "leaving",
            [
                network.Mail ? "" : $"tcp dport {Smtp} reject with tcp reset",
                $"update @sent {{ {Rate("saddr")} }} drop",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"ct state new update @opening {{ ip saddr limit rate over {limits.OpeningsPerGuest}/second burst {limits.OpeningsPerGuest * 5L} packets }} drop"
                ),
                $"ct state new add @opened {{ {Count("saddr")} }} drop",
            ]
        );
        NetworkRules.Chain(
            text,
            "arriving",
            $"update @received {{ {Rate("daddr")} }} drop",
            $"ct state new add @accepted {{ {Count("daddr")} }} drop"
        );
    }

    public static IEnumerable<string> Limited(NetworkSpec network) =>
        NeedsUplink(network) ? ["iifname \"lan\" oifname \"wan\" jump leaving", "iifname \"wan\" oifname \"lan\" jump arriving"] : [];

    public static void Translate(StringBuilder text, NetworkSpec network)
    {
        if (!NeedsUplink(network))
        {
            return;
        }

        var routed = network.Addresses.Where(address => address.Address is not null).ToList();
        NetworkRules.Set(text, "set public", "ipv4_addr", routed.Select(address => $"{address.Private}"));
        NetworkRules.Chain(
            text,
            "dstnat",
            [
                "type nat hook prerouting priority dstnat; policy accept;",
                .. routed.Select(address => $"ip daddr {address.Address} dnat ip to {address.Private}"),
            ]
        );
        NetworkRules.Chain(
            text,
            "srcnat",
            [
                "type nat hook postrouting priority srcnat; policy accept;",
                .. routed.Select(address => $"oifname \"wan\" ip saddr {address.Private} snat ip to {address.Address}"),
                "oifname \"wan\" masquerade",
            ]
        );
    }
}
