using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>A private network (VPC): an address range that belongs to one account and that nobody else can reach.</summary>
public sealed class Network : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required IPNetwork Range { get; init; }

    public ICollection<Subnet> Subnets { get; } = [];
}

/// <summary>A part of a network's range, with DHCP. Its first address is the gateway.</summary>
public sealed class Subnet : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    public required IPNetwork Range { get; init; }

    public IPAddress Gateway => AddressAt(1);

    /// <summary>The address so many places after the first of the range.</summary>
    public IPAddress AddressAt(int offset)
    {
        var bytes = Range.BaseAddress.GetAddressBytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) + (uint)offset);
        return new IPAddress(bytes);
    }
}

/// <summary>A named set of rules for what may reach an instance. What no rule allows is dropped; replies always pass.</summary>
public sealed class SecurityGroup : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    public ICollection<SecurityGroupRule> Rules { get; } = [];
}

/// <summary>One inbound permission.</summary>
public sealed class SecurityGroupRule : IOwned
{
    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string SecurityGroupId { get; init; }

    public required TransportProtocol Protocol { get; init; }

    public required int FromPort { get; init; }

    public required int ToPort { get; init; }

    public required IPNetwork Source { get; init; }
}

public enum TransportProtocol
{
    Tcp,
    Udp,
    Icmp,
}
