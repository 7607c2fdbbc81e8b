using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;

namespace Portal.Tests.Networking;

/// <summary>Networks as engines are told of them.</summary>
public static class ANetwork
{
    public const string Group = "sg-00000000000000001";

    public static readonly IPNetwork Everywhere = IPNetwork.Parse("0.0.0.0/0");

    public static readonly GroupRule Ssh = new(TransportProtocol.Tcp, 22, 22, Everywhere, null);

    public static readonly GroupRule All = new(TransportProtocol.All, 0, 65535, Everywhere, null);

    /// <summary>
    /// The network that holds these machines, all in one group: each reachable by ssh from everywhere, and free to speak to everybody.
    /// </summary>
    public static NetworkSpec Of(params InstanceSpec[] machines) =>
        new(
            machines[0].NetworkId,
            machines[0].AccountId,
            IPNetwork.Parse("10.0.0.0/16"),
            [
                .. machines
                    .SelectMany(machine => machine.Interfaces)
                    .Select(networkInterface => new SubnetSpec(networkInterface.Subnet, networkInterface.Gateway))
                    .Distinct(),
            ],
            [
                .. machines.SelectMany(machine =>
                    machine.Interfaces.Select(
                        (networkInterface, index) =>
                            new NetworkMember(
                                machine.Id,
                                networkInterface.Id,
                                index == 0 ? machine.HostName : null,
                                networkInterface.Address,
                                networkInterface.Mac,
                                [Group]
                            )
                    )
                ),
            ],
            [new GroupSpec(Group, [Ssh], [All])]
        );

    /// <summary>The same with more rules in its one group.</summary>
    public static NetworkSpec With(this NetworkSpec network, params GroupRule[] inbound) =>
        network with
        {
            Groups = [network.Groups[0] with { Inbound = [.. network.Groups[0].Inbound, .. inbound] }],
        };

    /// <summary>The same with one machine's first interface in another group, or in several.</summary>
    public static NetworkSpec With(this NetworkSpec network, InstanceSpec machine, params GroupSpec[] groups) =>
        network with
        {
            Groups = [.. network.Groups.Where(group => !groups.Any(other => other.Id == group.Id)), .. groups],
            Members =
            [
                .. network.Members.Select(member =>
                    member.InterfaceId == machine.Interfaces[0].Id
                        ? member with
                        {
                            GroupIds = [.. groups.Select(group => group.Id)],
                        }
                        : member
                ),
            ],
        };
}
