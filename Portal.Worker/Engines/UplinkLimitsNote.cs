using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Operators;

namespace Portal.Worker.Engines;

/// <summary>
/// When a worker starts with other limits than the last one, each network of its region is applied once more: the limits are in its rules.
/// </summary>
public sealed class UplinkLimitsNote(IDbContextFactory<PortalDb> dbs, UplinkLimits limits, RegionName region, TimeProvider clock)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    public async Task WriteAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var (told, now) = ($"{limits}", clock.GetUtcNow());
        if (
            await db
                .Regions.Where(row => row.Id == region.Id && row.UplinkLimits != told)
                .ExecuteUpdateAsync(row => row.SetProperty(known => known.UplinkLimits, told), ct) > 0
        )
        {
            await db
                .Networks.Where(network => network.RegionId == region.Id && network.DeletedAt == null)
                .ExecuteUpdateAsync(
                    row =>
                        row.SetProperty(network => network.Generation, network => network.Generation + 1)
                            .SetProperty(network => network.ChangedAt, now),
                    ct
                );
        }

        await transaction.CommitAsync(ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await WriteAsync(stoppingToken);
                return;
            }
            catch (Exception away)
                when (away is NpgsqlException or TimeoutException or InvalidOperationException { InnerException: NpgsqlException })
            {
                // A database that is away is no reason not to start; the sweeps say so.
                await Task.Delay(Pause, clock, stoppingToken);
            }
        }
    }
}
