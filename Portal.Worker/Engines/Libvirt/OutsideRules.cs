using System.Text;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The part of a router's rules that is about what lies beyond its own network: peers, each behind a cable of its own, and the uplink, behind <c>wan</c>.
/// What comes from there meets the same inbound rules as what comes from within.
/// </summary>
internal static class OutsideRules
{
    public static bool NeedsUplink(NetworkSpec network) => network.Nat || network.Addresses.Any(address => address.Address is not null);

    public static string Cable(PeerSpec peer) => EngineFolder.Device('p', peer.PeeringId);

    /// <summary>Where a guest whose own rules let it out may go: to a peer's range, and outside if that was turned on or it has an address there.</summary>
    public static IEnumerable<string> Leaving(NetworkSpec network) =>
    [
        .. network.Peers.Select(peer => $"oifname \"{Cable(peer)}\" ip daddr {peer.Range} accept"),
        network.Nat ? "oifname \"wan\" accept" : NeedsUplink(network) ? "oifname \"wan\" ip saddr @public accept" : "",
    ];

    /// <summary>From a peer comes only what is from its range, and to a peer nothing that is from another: peering does not reach further than one cable.</summary>
    public static IEnumerable<string> Pinning(NetworkSpec network) => network.Peers.Select(peer => $"iifname \"{Cable(peer)}\" ip saddr != {peer.Range} drop");

    public static void Translate(StringBuilder text, NetworkSpec network)
    {
        if (!NeedsUplink(network))
        {
            return;
        }

        var routed = network.Addresses.Where(address => address.Address is not null).ToList();
        NetworkRules.Set(text, "set public", "ipv4_addr", routed.Select(address => $"{address.Private}"));
        NetworkRules.Chain(text, "dstnat", ["type nat hook prerouting priority dstnat; policy accept;", .. routed.Select(address => $"ip daddr {address.Address} dnat ip to {address.Private}")]);
        NetworkRules.Chain(text, "srcnat",
        [
            "type nat hook postrouting priority srcnat; policy accept;",
            .. routed.Select(address => $"oifname \"wan\" ip saddr {address.Private} snat ip to {address.Address}"),
            "oifname \"wan\" masquerade",
        ]);
    }
}
