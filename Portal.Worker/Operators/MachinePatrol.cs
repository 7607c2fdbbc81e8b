using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Networking;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>
/// Compares what the engine holds with what the database says, from either side: a machine that should run and does not is written down as
/// such (and started again by its job, or stays stopped if its guest shut it down); one that should be gone is removed; one that nobody
/// knows opens an incident.
/// </summary>
public sealed class MachinePatrol(
    IDbContextFactory<PortalDb> dbs,
    IComputeEngine engine,
    NetworkApplier networks,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<MachinePatrol> log
) : Sweep(TimeSpan.FromSeconds(5), clock, log)
{
    private const int AtOnce = 8;

    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        var round = new Round(engine.ListAsync);
        try
        {
            await FindLostAsync(round, ct);
            await FindOrphansAsync(round, ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            // RegionPatrol says so to the operators.
        }

        round.End();
    }

    /// <summary>One pass of the engine, whatever there is; a look at each that is not as its row says.</summary>
    private async Task FindLostAsync(Round round, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var begun = clock.GetUtcNow();
        var running = await RunningAsync(db, ct);
        var seen = await engine.ObserveAllAsync(ct);
        var (fine, odd) = (new List<string>(), new List<string>());
        foreach (var known in running)
        {
            (known.IsAsSeen(seen.GetValueOrDefault(known.Id)) ? fine : odd).Add(known.Id);
        }

        await Incidents.CloseAsync(db, fine, IncidentKinds.HostDisk, begun, ct);
        await LookAsync(round, db, odd, begun, ct);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Patrols" ("RegionId", "At") VALUES ({region.Id}, {begun}) ON CONFLICT ("RegionId") DO UPDATE SET "At" = EXCLUDED."At"
            """,
            ct
        );
    }

    private Task<List<Known>> RunningAsync(PortalDb db, CancellationToken ct) =>
        db
            .Instances.Where(instance =>
                instance.RegionId == region.Id
                && instance.State == InstanceState.Running
                && instance.Goal == InstanceGoal.Running
                // While its ssh is still waited for, its job looks at it. One whose ssh never answers is nobody else's.
                && (instance.SshAt != null || instance.Deadline == null)
            )
            .Select(instance => new Known(
                instance.Id,
                instance.Stalled != null,
                instance.HasAgent,
                (instance.IsRescue ? instance.RescueHostKey : instance.HostKey) != null
            ))
            .ToListAsync(ct);

    private async Task LookAsync(Round round, PortalDb db, List<string> ids, DateTimeOffset begun, CancellationToken ct)
    {
        var odd = await db.Instances.AsNoTracking().WithParts().Where(instance => ids.Contains(instance.Id)).ToListAsync(ct);
        var observed = new ConcurrentDictionary<string, MachineObservation>(StringComparer.Ordinal);
        await round.EachAsync(
            odd,
            instance => instance.Id,
            async (instance, token) => observed[instance.Id] = await engine.ObserveAsync(instance.Spec(begun), token),
            ct,
            AtOnce
        );
        await round.EachAsync(
            odd.Where(instance => observed.ContainsKey(instance.Id)),
            instance => instance.Id,
            (instance, token) => LookAfterAsync(db, instance, observed[instance.Id], token),
            ct
        );
    }

    private async Task LookAfterAsync(PortalDb db, Instance instance, MachineObservation seen, CancellationToken ct)
    {
        if (seen is { IsUnderWay: true, Power: not MachinePower.Running })
        {
            return;
        }

        if (seen.Power is not MachinePower.Running)
        {
            await WriteDownAsync(instance.Id, seen, ct);
            nudges.Soon(instance.Id);
            return;
        }

        // A guest may tell its host key long after its ssh answers: cloud-init does so at the very end of the first boot.
        if ((instance.Stalled is null) != (seen.Problem is null) || (instance.HostKeyNow is null && seen.HostKey is not null))
        {
            await WriteDownAsync(instance.Id, seen, ct);
        }

        if (instance.HasAgent != seen.AgentAnswers)
        {
            await db
                .Instances.Where(known => known.Id == instance.Id && known.State == InstanceState.Running)
                .ExecuteUpdateAsync(known => known.SetProperty(row => row.HasAgent, seen.AgentAnswers), ct);
        }

        await MendAsync(db, instance, seen.Problem, ct);
    }

    /// <summary>
    /// A guest that was stopped since the host could not write goes on as soon as it can; the operators are told meanwhile.
    /// </summary>
    private async Task MendAsync(PortalDb db, Instance instance, string? problem, CancellationToken ct)
    {
        if (problem is null)
        {
            await Incidents.CloseAsync(db, instance.Id, IncidentKinds.HostDisk, clock.GetUtcNow(), ct);
            return;
        }

        await Incidents.OpenAsync(
            db,
            instance.AccountId,
            instance.Id,
            IncidentKinds.HostDisk,
            $"{instance.Id} stands still: {problem}",
            clock.GetUtcNow(),
            ct
        );
        await engine.EnsureMachineAsync(instance.Spec(clock.GetUtcNow()), ct);
    }

    private async Task WriteDownAsync(string id, MachineObservation seen, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var instance = await db.Instances.SingleAsync(instance => instance.Id == id, ct);
        if ((instance.State, instance.Goal) is not (InstanceState.Running, InstanceGoal.Running))
        {
            return;
        }

        var now = clock.GetUtcNow();
        instance.Observe(seen, now);
        await InstanceMeter.RecordObservedAsync(db, instance, now, ct);
        db.AuditEntries.Add(
            Actor.Portal(instance.AccountId).Audit(now, "ObserveInstance", id, after: new { State = instance.Status, instance.Stalled })
        );
        await db.SaveChangesAsync(ct);
    }

    private async Task FindOrphansAsync(Round round, CancellationToken ct)
    {
        // The engine is asked first: what is created after that cannot look like an orphan.
        var inventory = await engine.ListAsync(ct);
        var held = inventory.InstanceIds;
        await using var db = await dbs.CreateDbContextAsync(ct);
        var known = await db.Instances.Where(instance => held.Contains(instance.Id)).Select(instance => instance.Id).ToListAsync(ct);
        await round.EachAsync(
            held.Except(known, StringComparer.Ordinal),
            id => id,
            (id, token) =>
                Incidents.OpenAsync(
                    db,
                    null,
                    id,
                    IncidentKinds.Orphan,
                    $"The engine holds {id}, which this database does not know.",
                    clock.GetUtcNow(),
                    token
                ),
            ct
        );
        var ended = await db
            .Instances.AsNoTracking()
            .WithParts()
            .Where(instance => held.Contains(instance.Id) && instance.State == InstanceState.Terminated)
            .ToListAsync(ct);
        await round.EachAsync(
            ended,
            instance => instance.Id,
            (instance, token) => engine.RemoveAsync(instance.Spec(clock.GetUtcNow()), token),
            ct
        );

        var empty = await db
            .Networks.Where(network =>
                inventory.NetworkIds.Contains(network.Id)
                && !db.Instances.Any(instance => instance.NetworkId == network.Id && instance.State != InstanceState.Terminated)
            )
            .Select(network => network.Id)
            .ToListAsync(ct);
        await round.EachAsync(empty, networkId => networkId, (networkId, token) => networks.EnsureAsync(db, networkId, token), ct);
    }

    /// <summary>What its row says of one that runs.</summary>
    private sealed record Known(string Id, bool IsStalled, bool HasAgent, bool HasHostKey)
    {
        /// <summary>
        /// One of which the host key is not known is looked at each time: a guest may tell it long after its ssh answers.
        /// </summary>
        public bool IsAsSeen(MachineGlance? seen) =>
            seen is { Power: MachinePower.Running, Problem: null } && !IsStalled && HasHostKey && seen.AgentAnswers == HasAgent;
    }
}
