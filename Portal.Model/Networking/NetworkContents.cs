using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>What would be lost with a network, or stand in the way of its deletion.</summary>
public sealed record NetworkContents(IReadOnlyList<InNetwork> Instances, int Addresses, int Peerings)
{
    public bool IsEmpty => Instances.Count == 0 && Addresses == 0 && Peerings == 0;

    /// <summary>Why it is not deleted with all that is in it; null if it can be.</summary>
    public string? WhyNotTake =>
        Instances.FirstOrDefault(instance => instance.IsProtected) is { } kept
            ? $"{kept.Name} is protected: turn that off in its settings first."
            : null;

    /// <summary>Why it is not deleted by itself: what is in it; null if nothing is.</summary>
    public string? WhyNotAlone => IsEmpty ? null : $"The network holds {this}.";

    public static async Task<NetworkContents> OfAsync(PortalDb db, string accountId, string networkId, CancellationToken ct) =>
        new(
            await db
                .Instances.AsNoTracking()
                .Where(instance =>
                    instance.AccountId == accountId && instance.NetworkId == networkId && instance.State != InstanceState.Terminated
                )
                .OrderBy(instance => instance.Name)
                .Select(instance => new InNetwork(instance.Id, instance.Name, instance.RegionId, instance.IsProtected))
                .ToListAsync(ct),
            await db.PublicAddresses.CountAsync(
                address => address.AccountId == accountId && address.NetworkId == networkId && address.InterfaceId != null,
                ct
            ),
            await db.Peerings.CountAsync(
                peering => peering.AccountId == accountId && (peering.NetworkId == networkId || peering.PeerNetworkId == networkId),
                ct
            )
        );

    public override string ToString()
    {
        string[] parts =
        [
            .. Instances.Count switch
            {
                0 => Array.Empty<string>(),
                1 => [$"the instance {Instances[0].Name}"],
                var count => [$"{count} instances"],
            },
            .. Addresses switch
            {
                0 => Array.Empty<string>(),
                1 => ["a public address"],
                var count => [$"{count} public addresses"],
            },
            .. Peerings switch
            {
                0 => Array.Empty<string>(),
                1 => ["a peering"],
                var count => [$"{count} peerings"],
            },
        ];
        return parts.Length < 2 ? string.Concat(parts) : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";
    }
}

public sealed record InNetwork(string Id, string Name, string RegionId, bool IsProtected);
