using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>
/// Compares the disks that the engine holds with what the database says, from either side: one that should be gone is removed, one that
/// nobody knows or that should be there and is not opens an incident, and one that its machine lost is given to it again.
/// </summary>
public sealed class VolumePatrol(
    IDbContextFactory<PortalDb> dbs,
    IVolumeEngine engine,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<VolumePatrol> log
) : Sweep(TimeSpan.FromSeconds(10), clock, log)
{
    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        var round = new Round(engine.ListVolumesAsync);
        try
        {
            // The engine is asked first: what is made after that cannot look like an orphan, and what was there before is looked for in its
            // answer.
            await using var db = await dbs.CreateDbContextAsync(ct);
            var since = await db
                .Volumes.AsNoTracking()
                .Where(volume => volume.RegionId == region.Id && volume.MadeGiB > 0)
                .Select(volume => volume.Id)
                .ToListAsync(ct);
            var held = await engine.ListVolumesAsync(ct);
            await FindOrphansAsync(round, db, held, ct);
            await FindLostAsync(round, db, held, since, ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            // RegionPatrol says so to the operators.
        }

        round.End();
    }

    private async Task FindOrphansAsync(Round round, PortalDb db, VolumeInventory held, CancellationToken ct)
    {
        var known = await db
            .Volumes.AsNoTracking()
            .Where(volume => held.VolumeIds.Contains(volume.Id))
            .ToDictionaryAsync(volume => volume.Id, StringComparer.Ordinal, ct);
        await round.EachAsync(
            held.VolumeIds,
            id => id,
            async (id, token) =>
            {
                if (!known.TryGetValue(id, out var volume))
                {
                    await Incidents.OpenAsync(
                        db,
                        null,
                        id,
                        IncidentKinds.Orphan,
                        $"The engine holds {id}, which this database does not know.",
                        clock.GetUtcNow(),
                        token
                    );
                }
                else if (volume.State is VolumeState.Deleted && !held.Attached.ContainsKey(id))
                {
                    await engine.RemoveVolumeAsync(id, token);
                }
            },
            ct
        );
    }

    /// <param name="since">Those that were there before the engine was asked.</param>
    private async Task FindLostAsync(Round round, PortalDb db, VolumeInventory held, List<string> since, CancellationToken ct)
    {
        var living = await db
            .Volumes.AsNoTracking()
            .Include(volume => volume.Instance)
            .Where(volume => since.Contains(volume.Id) && volume.MadeGiB > 0 && volume.Goal != VolumeGoal.Deleted)
            .ToListAsync(ct);
        await round.EachAsync(
            living,
            volume => volume.Id,
            async (volume, token) =>
            {
                if (!held.VolumeIds.Contains(volume.Id, StringComparer.Ordinal))
                {
                    await Incidents.OpenAsync(
                        db,
                        volume.AccountId,
                        volume.Id,
                        IncidentKinds.Lost,
                        $"{volume.Id} should be there, and the engine does not hold it.",
                        clock.GetUtcNow(),
                        token
                    );
                }
                else if (IsToBeAttached(volume) && !held.Attached.ContainsKey(volume.Id))
                {
                    await GiveAgainAsync(volume.Id, token);
                }
            },
            ct
        );
    }

    private static bool IsToBeAttached(Volume volume) =>
        volume is { IsRoot: false, State: VolumeState.InUse, Goal: VolumeGoal.InUse, Instance.Goal: not InstanceGoal.Terminated };

    /// <summary>It was lost since its row was read anew, if the row is still the same in the end.</summary>
    private async Task GiveAgainAsync(string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (
            await db.Volumes.Include(row => row.Instance).SingleOrDefaultAsync(row => row.Id == id, ct) is not { } volume
            || !IsToBeAttached(volume)
            || (await engine.ListVolumesAsync(ct)).Attached.ContainsKey(id)
        )
        {
            return;
        }

        volume.ObserveLost(clock.GetUtcNow());
        db.AuditEntries.Add(
            Actor.Portal(volume.AccountId).Audit(clock.GetUtcNow(), "ObserveVolume", volume.Id, after: new { volume.Status })
        );
        try
        {
            await db.SaveChangesAsync(ct);
            nudges.Soon(volume.Id);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Its own job was at it.
        }
    }
}
