using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>Asks the engine every few seconds how it is: capacity, images, or that it is away, which opens an incident.</summary>
public sealed class RegionPatrol(
    IDbContextFactory<PortalDb> dbs,
    IComputeEngine engine,
    INetworkEngine networks,
    RegionName name,
    TimeProvider clock,
    ILogger<RegionPatrol> log
) : Sweep(TimeSpan.FromSeconds(3), clock, log)
{
    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var region = await db.Regions.SingleAsync(region => region.Id == name.Id, ct);
        var now = clock.GetUtcNow();
        try
        {
            Write(region, await engine.CapacityAsync(ct), await networks.UplinkAsync(ct), now);
            await WriteImagesAsync(db, await engine.ImagesAsync(ct), ct);
            await Incidents.CloseAsync(db, region.Id, IncidentKinds.EngineAway, now, ct);
        }
        catch (EngineException error)
        {
            region.AwaySince ??= now;
            region.AwayReason = error.Detail;
            await Incidents.OpenAsync(
                db,
                null,
                region.Id,
                IncidentKinds.EngineAway,
                $"The engine of {region.Name} is away: {error.Detail}",
                now,
                ct
            );
        }

        await db.SaveChangesAsync(ct);
    }

    private static void Write(Region region, EngineCapacity capacity, UplinkObservation uplink, DateTimeOffset now)
    {
        (region.HasUplink, region.PublicRange) = (uplink.IsConnected, uplink.PublicRange);
        (region.AwaySince, region.AwayReason, region.Virtualization) = (null, null, capacity.Virtualization);
        (region.Walls, region.GuestsWaiting) = (capacity.Walls, capacity.GuestsWaiting);
        (region.TotalVcpus, region.FreeVcpus) = (capacity.TotalVcpus, capacity.FreeVcpus);
        (region.TotalMemoryMiB, region.FreeMemoryMiB) = (capacity.TotalMemoryMiB, capacity.FreeMemoryMiB);
        (region.TotalDiskGiB, region.FreeDiskGiB) = (capacity.TotalDiskGiB, capacity.FreeDiskGiB);

        // Every write wakes the pages that show the region; the time alone is worth that only now and then.
        if (region.SeenAt is not { } seen || now - seen > TimeSpan.FromSeconds(20))
        {
            region.SeenAt = now;
        }
    }

    private async Task WriteImagesAsync(PortalDb db, IReadOnlyList<string> files, CancellationToken ct)
    {
        foreach (
            var image in await db.Images.Where(image => image.RegionId == name.Id && image.State == ImageState.Preparing).ToListAsync(ct)
        )
        {
            if (files.Contains(image.FileName, StringComparer.Ordinal))
            {
                image.State = ImageState.Available;
            }
        }
    }
}
