using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// The engine's contract for private networks. Every verb is idempotent: it finds by Portal's id what it made before, makes only what is
/// absent, and leaves what is as wanted alone. Failures are <see cref="EngineException"/>.
/// </summary>
public interface INetworkEngine
{
    /// <summary>
    /// Makes the private network, its subnets' gateways, DHCP and names, and applies the addresses and security rules of its members, all
    /// rules at once or none. What it says then is what it can promise of its members that run.
    /// </summary>
    Task<Applied> EnsureNetworkAsync(NetworkSpec network, CancellationToken ct);

    /// <summary>Removes a private network. Nothing there is success; <see cref="EngineFault.Rejected"/> while a machine is on it.</summary>
    Task RemoveNetworkAsync(string networkId, CancellationToken ct);

    /// <summary>
    /// Plugs an interface into a machine that runs, or finds it there. One that is off gets it with its next start: nothing to do.
    /// <see cref="EngineFault.Missing"/> while the network does not know the interface.
    /// </summary>
    /// <returns>True once nothing is left to do; call it again until then.</returns>
    Task<bool> AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec networkInterface, CancellationToken ct);

    /// <summary>
    /// Asks a running guest to let go of an interface; true once it is out, or the machine is off or gone. Returns at once: call it again
    /// until it is.
    /// </summary>
    Task<bool> DetachInterfaceAsync(string instanceId, InterfaceSpec networkInterface, CancellationToken ct);

    /// <summary>What connection to the outside the engine has been given.</summary>
    Task<UplinkObservation> UplinkAsync(CancellationToken ct);
}

/// <summary>How far what was wanted of a network has come.</summary>
public enum Applied
{
    /// <summary>The engine is still at it: ask again.</summary>
    UnderWay,

    /// <summary>
    /// The engine has it and brings it to each member in its own time, of which it does not tell: all that can be known is known.
    /// </summary>
    Accepted,

    /// <summary>It holds for every member that runs.</summary>
    Enforced,
}

/// <summary>A private network as the engine must hold it.</summary>
/// <param name="Members">Every interface of every instance of the network that is not terminated.</param>
/// <param name="Groups">The security groups that members are in or that rules of those refer to.</param>
public sealed record NetworkSpec(
    string Id,
    string AccountId,
    IPNetwork Range,
    IReadOnlyList<SubnetSpec> Subnets,
    IReadOnlyList<NetworkMember> Members,
    IReadOnlyList<GroupSpec> Groups
)
{
    /// <summary>Whether members may begin to speak to the Internet, under the engine's own address.</summary>
    public bool Nat { get; init; }

    /// <summary>Whether members may deliver mail to servers of the Internet (port 25).</summary>
    public bool Mail { get; init; }

    public IReadOnlyList<PeerSpec> Peers { get; init; } = [];

    public IReadOnlyList<AddressSpec> Addresses { get; init; } = [];
}

public sealed record SubnetSpec(IPNetwork Range, IPAddress Gateway);

/// <summary>An interface of an instance, and which groups' rules hold for it.</summary>
/// <param name="HostName">The name under which others find it; null for a card that is not its instance's first.</param>
public sealed record NetworkMember(
    string InstanceId,
    string InterfaceId,
    string? HostName,
    IPAddress Address,
    string Mac,
    IReadOnlyList<string> GroupIds
);

/// <summary>A security group: what may come in to its members, and whereto they may begin to speak. Replies always pass.</summary>
public sealed record GroupSpec(string Id, IReadOnlyList<GroupRule> Inbound, IReadOnlyList<GroupRule> Outbound);

/// <summary>
/// One permission. The other side is <paramref name="Range"/>, or the members of the group <paramref name="GroupId"/> of the same network.
/// </summary>
/// <param name="FromPort">First and last port, for TCP and UDP only.</param>
public sealed record GroupRule(TransportProtocol Protocol, int FromPort, int ToPort, IPNetwork? Range, string? GroupId);

/// <summary>Another network of the account to which this one has a cable.</summary>
public sealed record PeerSpec(string PeeringId, string NetworkId, IPNetwork Range);

/// <summary>
/// A public address that leads to an interface: all traffic for <paramref name="Address"/>, both ways; or where there is no such address,
/// what comes to the ports of the host's loopback named in <paramref name="Forwards"/>.
/// </summary>
/// <param name="Private">The interface's own address.</param>
public sealed record AddressSpec(string Id, string InstanceId, IPAddress Private, IPAddress? Address, IReadOnlyList<PortForward> Forwards);

/// <param name="PublicRange">Public addresses that are routed to the engine; null if there are none.</param>
public sealed record UplinkObservation(bool IsConnected, IPNetwork? PublicRange);

/// <summary>An interface of a machine, and where it is plugged in.</summary>
public sealed record InterfaceSpec(string Id, IPNetwork Subnet, IPAddress Gateway, IPAddress Address, string Mac);
