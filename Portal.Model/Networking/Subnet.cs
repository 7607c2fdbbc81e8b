using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>A part of a network's range, with DHCP. Its first address is the gateway.</summary>
public sealed class Subnet : Resource
{
    /// <summary>The first host that customers get; those before it are the gateway's and for later.</summary>
    private const int FirstHost = 4;

    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    public required IPNetwork Range { get; init; }

    public IPAddress Gateway => AddressAt(1);

    public SubnetSpec Spec => new(Range, Gateway);

    /// <summary>
    /// The addresses that instances may have: as at EC2 without the first four (the network's own, the gateway's, two for later) and the
    /// last.
    /// </summary>
    public IEnumerable<IPAddress> Hosts() => Enumerable.Range(FirstHost, Capacity).Select(AddressAt);

    /// <summary>How many interfaces fit in.</summary>
    public int Capacity => (1 << (32 - Range.PrefixLength)) - FirstHost - 1;

    /// <summary>The address so many places after the first of the range.</summary>
    public IPAddress AddressAt(int offset) => AddressRanges.At(Range, offset);
}
