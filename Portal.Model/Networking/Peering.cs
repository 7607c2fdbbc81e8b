using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// A cable between the routers of two networks of one account. Rules of security groups hold across it by ranges, not by groups.
/// </summary>
public sealed class Peering : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string PeerNetworkId { get; init; }

    public string Other(string networkId) => networkId == NetworkId ? PeerNetworkId : NetworkId;
}
