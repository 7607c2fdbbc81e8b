using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>Compares the snapshots that the engine holds with what the database says, from either side.</summary>
public sealed class SnapshotPatrol(
    IDbContextFactory<PortalDb> dbs,
    IVolumeEngine engine,
    RegionName region,
    TimeProvider clock,
    ILogger<SnapshotPatrol> log
) : Sweep(TimeSpan.FromSeconds(10), clock, log)
{
    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        var round = new Round(engine.ListSnapshotsAsync);
        try
        {
            // The database is asked first for what should be there, and last for what nobody knows: what changes in between looks neither
            // lost nor strange.
            await using var db = await dbs.CreateDbContextAsync(ct);
            var complete = await db
                .Snapshots.AsNoTracking()
                .Where(snapshot => snapshot.RegionId == region.Id && snapshot.State == SnapshotState.Completed && !snapshot.IsDeleting)
                .Select(snapshot => new { snapshot.Id, snapshot.AccountId })
                .ToListAsync(ct);
            var held = await engine.ListSnapshotsAsync(ct);
            await round.EachAsync(
                complete.Where(snapshot => !held.Contains(snapshot.Id, StringComparer.Ordinal)),
                lost => lost.Id,
                async (lost, token) =>
                {
                    // Unless it was deleted meanwhile.
                    if (await db.Snapshots.AnyAsync(snapshot => snapshot.Id == lost.Id && !snapshot.IsDeleting, token))
                    {
                        await Incidents.OpenAsync(
                            db,
                            lost.AccountId,
                            lost.Id,
                            IncidentKinds.Lost,
                            $"{lost.Id} should be there, and the engine does not hold it.",
                            clock.GetUtcNow(),
                            token
                        );
                    }
                },
                ct
            );
            await FindOrphansAsync(round, db, held, ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            // RegionPatrol says so to the operators.
        }

        round.End();
    }

    private async Task FindOrphansAsync(Round round, PortalDb db, IReadOnlyList<string> held, CancellationToken ct)
    {
        var known = await db
            .Snapshots.AsNoTracking()
            .Where(snapshot => held.Contains(snapshot.Id))
            .ToDictionaryAsync(snapshot => snapshot.Id, snapshot => snapshot.State, StringComparer.Ordinal, ct);
        await round.EachAsync(
            held,
            id => id,
            async (id, token) =>
            {
                if (!known.TryGetValue(id, out var state))
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
                else if (state is SnapshotState.Deleted or SnapshotState.Error)
                {
                    await engine.RemoveSnapshotAsync(id, token);
                }
            },
            ct
        );
    }
}
