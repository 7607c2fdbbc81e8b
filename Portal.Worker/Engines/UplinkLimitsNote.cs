using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Operators;

namespace Portal.Worker.Engines;

/// <summary>When a worker starts with other limits than the last one, each network of its region is applied once more: the limits are in its rules.</summary>
public sealed class UplinkLimitsNote(IDbContextFactory<PortalDb> dbs, UplinkLimits limits, RegionName region, TimeProvider clock) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var db = await dbs.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var (told, now) = ($"{limits}", clock.GetUtcNow());
        if (await db.Regions.Where(row => row.Id == region.Id && row.UplinkLimits != told).ExecuteUpdateAsync(row => row.SetProperty(known => known.UplinkLimits, told), cancellationToken) > 0)
        {
            await db.Networks.Where(network => network.RegionId == region.Id && network.DeletedAt == null)
                .ExecuteUpdateAsync(row => row.SetProperty(network => network.Generation, network => network.Generation + 1).SetProperty(network => network.ChangedAt, now), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
