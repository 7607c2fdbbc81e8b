using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>What the worker still has to do something for.</summary>
public sealed record Unfinished(string Id, string Status, string? Waiting)
{
    /// <summary>Of all that the regions' engines make.</summary>
    public static async Task<List<Unfinished>> InRegionsAsync(PortalDb db, CancellationToken ct) =>
        [
            .. (await db.Instances.AsNoTracking().ToListAsync(ct))
                .Where(instance => instance.IsUnsettled)
                .Select(instance => new Unfinished(instance.Id, instance.Status, instance.Waiting)),
            .. (await db.Volumes.AsNoTracking().ToListAsync(ct))
                .Where(volume => volume.IsUnsettled)
                .Select(volume => new Unfinished(volume.Id, volume.Status, volume.Waiting)),
            .. (await db.Snapshots.AsNoTracking().ToListAsync(ct))
                .Where(snapshot => snapshot.IsUnsettled)
                .Select(snapshot => new Unfinished(snapshot.Id, snapshot.Status, snapshot.Waiting)),
            .. (await db.Networks.AsNoTracking().ToListAsync(ct))
                .Where(network => network.IsUnsettled)
                .Select(network => new Unfinished(network.Id, network.Status, network.Waiting)),
            .. (await db.NetworkInterfaces.AsNoTracking().ToListAsync(ct))
                .Where(networkInterface => networkInterface.IsUnsettled)
                .Select(networkInterface => new Unfinished(networkInterface.Id, networkInterface.Status, networkInterface.Waiting)),
        ];

    public override string ToString() => $"{Id} {Status} {Waiting}".TrimEnd();
}
