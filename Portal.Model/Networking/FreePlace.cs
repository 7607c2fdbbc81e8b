using Microsoft.EntityFrameworkCore;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>A public address that nobody has, in a region whose row the caller holds.</summary>
internal static class FreePlace
{
    /// <summary>Null if there is none left.</summary>
    public static async Task<PublicAddress?> FindAsync(
        PortalDb db,
        Region region,
        string accountId,
        string name,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var taken = await db
            .PublicAddresses.Where(address => address.RegionId == region.Id)
            .Select(address => new { address.Address, address.FirstPort })
            .ToListAsync(ct);
        var held = db.PublicAddresses.Local.Select(address => new { address.Address, address.FirstPort }).Concat(taken).ToList();
        if (region.PublicRange is { } range)
        {
            var addresses = held.Select(place => place.Address).ToHashSet();
            // The range is routed here, so none of its addresses is a network's or a broadcast address.
            return
                Enumerable
                    .Range(0, 1 << Math.Min(16, 32 - range.PrefixLength))
                    .Select(place => AddressRanges.At(range, place))
                    .FirstOrDefault(address => !addresses.Contains(address))
                    is { } free
                ? PublicAddress.OfRange(accountId, region.Id, free, name, now)
                : null;
        }

        var ports = held.Select(place => place.FirstPort).ToHashSet();
        var sets = (region.LastAddressPort - region.FirstAddressPort + 1) / PublicAddress.PortCount;
        return
            Enumerable
                .Range(0, sets)
                .Select(set => (int?)(region.FirstAddressPort + (set * PublicAddress.PortCount)))
                .FirstOrDefault(port => !ports.Contains(port))
                is { } first
            ? PublicAddress.OfPorts(accountId, region.Id, first, name, now)
            : null;
    }
}
