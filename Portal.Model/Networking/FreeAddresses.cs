using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Addresses of a subnet that no interface has. The caller holds the account, so that nobody else takes them.</summary>
internal static class FreeAddresses
{
    /// <summary>So many, or as many as are left.</summary>
    public static async Task<IReadOnlyList<IPAddress>> TakeAsync(PortalDb db, Subnet subnet, int count, CancellationToken ct)
    {
        var taken = (
            await db
                .NetworkInterfaces.Where(networkInterface => networkInterface.SubnetId == subnet.Id)
                .Select(networkInterface => networkInterface.Address)
                .ToListAsync(ct)
        ).ToHashSet();
        return [.. subnet.Hosts().Where(address => !taken.Contains(address)).Take(count)];
    }
}
