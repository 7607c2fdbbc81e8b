using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Networking;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>
/// Compares what the engine holds with what the database says, from either side: a machine that should run and does not is written down as
/// such (and started again by its job, or stays stopped if its guest shut it down); one that should be gone is removed; one that nobody knows opens an incident.
/// </summary>
public sealed class MachinePatrol(
    IDbContextFactory<PortalDb> dbs, IComputeEngine engine, PrivateNetworks networks, Nudges nudges, RegionName region, TimeProvider clock, ILogger<MachinePatrol> log)
    : Sweep(TimeSpan.FromSeconds(5), clock, log)
{
    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        try
        {
            await FindLostAsync(ct);
            await FindOrphansAsync(ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            // RegionPatrol says so to the operators.
        }
    }

    private async Task FindLostAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var running = await db.Instances.AsNoTracking().WithParts()
            .Where(instance => instance.RegionId == region.Id && instance.State == InstanceState.Running && instance.Goal == InstanceGoal.Running

                // While its ssh is still waited for, its job looks at it. One whose ssh never answers is nobody else's.
                && (instance.SshAt != null || instance.Deadline == null))
            .ToListAsync(ct);
        foreach (var instance in running)
        {
            var seen = await engine.ObserveAsync(instance.Spec(clock.GetUtcNow()), ct);
            if (seen.Power is not MachinePower.Running)
            {
                await WriteDownAsync(instance.Id, seen, ct);
                nudges.Soon(instance.Id);
            }
        }
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
        await InstanceMeter.RecordAsync(db, instance, now, ct);
        db.AuditEntries.Add(new() { AccountId = instance.AccountId, At = now, Actor = "portal", Action = "ObserveInstance", ResourceId = id, After = $$"""{"state":"{{instance.Status}}"}""" });
        await db.SaveChangesAsync(ct);
    }

    private async Task FindOrphansAsync(CancellationToken ct)
    {
        // The engine is asked first: what is created after that cannot look like an orphan.
        var inventory = await engine.ListAsync(ct);
        var held = inventory.InstanceIds;
        await using var db = await dbs.CreateDbContextAsync(ct);
        var known = await db.Instances.AsNoTracking().WithParts().Where(instance => held.Contains(instance.Id))
            .ToDictionaryAsync(instance => instance.Id, StringComparer.Ordinal, ct);
        foreach (var id in held)
        {
            if (!known.TryGetValue(id, out var instance))
            {
                await Incidents.OpenAsync(db, null, id, IncidentKinds.Orphan, $"The engine holds {id}, which this database does not know.", clock.GetUtcNow(), ct);
            }
            else if (instance.State is InstanceState.Terminated)
            {
                await engine.RemoveAsync(instance.Spec(clock.GetUtcNow()), ct);
            }
        }

        var empty = await db.Networks.Where(network => inventory.NetworkIds.Contains(network.Id)
            && !db.Instances.Any(instance => instance.NetworkId == network.Id && instance.State != InstanceState.Terminated)).Select(network => network.Id).ToListAsync(ct);
        foreach (var networkId in empty)
        {
            await networks.EnsureAsync(db, networkId, ct);
        }
    }
}
