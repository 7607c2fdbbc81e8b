using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Portal.Model.Networking;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Security groups as nft's chains. What leaves an interface passes its groups' outbound rules, then the inbound rules of the one it is
/// for: an outbound rule that matches leads to the chain <c>receive</c>, an inbound one accepts. What nothing matches is dropped at the end
/// of the interface's chain.
/// </summary>
internal static class GroupRules
{
    /// <summary>
    /// Writes the chains. Returns which of <c>to…</c>, <c>public…</c> and <c>from…</c> hold for each member: all members with the same
    /// groups share them.
    /// </summary>
    public static Dictionary<NetworkMember, int> Write(StringBuilder text, NetworkSpec network, IReadOnlyList<NetworkMember> members)
    {
        var numbers = network
            .Groups.Select((group, number) => (group.Id, number))
            .ToDictionary(pair => pair.Id, pair => pair.number, StringComparer.Ordinal);
        foreach (var (id, number) in numbers)
        {
            NetworkRules.Set(
                text,
                $"set g{number}",
                "ipv4_addr",
                members.Where(member => member.GroupIds.Contains(id, StringComparer.Ordinal)).Select(member => $"{member.Address}")
            );
        }

        foreach (var group in network.Groups)
        {
            NetworkRules.Chain(text, $"in{numbers[group.Id]}", group.Inbound.Select(rule => Rule(rule, "saddr", numbers, "accept")));
            NetworkRules.Chain(
                text,
                $"local{numbers[group.Id]}",
                group.Inbound.Where(IsForLoopback).Select(rule => Rule(rule with { Range = null }, "saddr", numbers, "accept"))
            );
            NetworkRules.Chain(
                text,
                $"out{numbers[group.Id]}",
                group.Outbound.Select(rule => Rule(rule, "daddr", numbers, "goto receive"))
            );
        }

        return Combine(text, numbers, members);
    }

    private static Dictionary<NetworkMember, int> Combine(
        StringBuilder text,
        Dictionary<string, int> numbers,
        IReadOnlyList<NetworkMember> members
    )
    {
        var (chosen, known) = (new Dictionary<NetworkMember, int>(), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var member in members)
        {
            var groups = member.GroupIds.Where(numbers.ContainsKey).Select(id => numbers[id]).Order().ToArray();
            var key = string.Join(' ', groups);
            if (known.TryAdd(key, known.Count))
            {
                NetworkRules.Chain(text, $"to{known[key]}", [.. groups.Select(group => $"jump in{group}"), "drop"]);
                NetworkRules.Chain(text, $"public{known[key]}", [.. groups.Select(group => $"jump local{group}"), "drop"]);
                NetworkRules.Chain(text, $"from{known[key]}", [.. groups.Select(group => $"jump out{group}"), "drop"]);
            }

            chosen[member] = known[key];
        }

        return chosen;
    }

    /// <summary>Who comes through a port that is published on the host's loopback comes from 127.0.0.1, and from nowhere else.</summary>
    private static bool IsForLoopback(GroupRule rule) => rule.Range is { } range && range.Contains(IPAddress.Loopback);

    /// <summary>A rule for IPv6 lets nobody through: there is no IPv6 here.</summary>
    private static string Rule(GroupRule rule, string side, Dictionary<string, int> numbers, string verdict)
    {
        var other = rule switch
        {
            { GroupId: { } id } => numbers.TryGetValue(id, out var number) ? $"ip {side} @g{number} " : null,
            { Range: { PrefixLength: > 0 } range } => range.BaseAddress.AddressFamily is AddressFamily.InterNetwork
                ? $"ip {side} {range} "
                : null,
            { Range.BaseAddress.AddressFamily: AddressFamily.InterNetworkV6 } => null,
            _ => "",
        };
        return other is null
            ? ""
            : rule.Protocol switch
            {
                TransportProtocol.All => $"{other}{verdict}",
                TransportProtocol.Icmp => $"{other}meta l4proto icmp {verdict}",
                TransportProtocol.Tcp => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{other}tcp dport {(ushort)rule.FromPort}-{(ushort)rule.ToPort} {verdict}"
                ),
                _ => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{other}udp dport {(ushort)rule.FromPort}-{(ushort)rule.ToPort} {verdict}"
                ),
            };
    }
}
