using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

/// <summary>
/// Picks up whatever is not where it should be: lost enqueues, killed workers, engines that were away. Opens an incident for what is past
/// its deadline and closes it when the instance has arrived.
/// </summary>
public sealed class InstanceSweep(IDbContextFactory<PortalDb> dbs, Nudges nudges, RegionName region, TimeProvider clock, ILogger<InstanceSweep> log)
    : Sweep(TimeSpan.FromSeconds(2), clock, log)
{
    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);

        // IsUnsettled, as SQL: every instance that it holds for is among these.
        var candidates = await db.Instances.AsNoTracking().Where(instance => instance.RegionId == region.Id && instance.State != InstanceState.Terminated
            && (instance.Deadline != null
                || (instance.State != InstanceState.Running && instance.State != InstanceState.Stopped && instance.State != InstanceState.Failed)
                || (instance.State == InstanceState.Running && (instance.Goal != InstanceGoal.Running || instance.RebootsWanted != instance.RebootsDone))
                || (instance.State == InstanceState.Stopped && instance.Goal != InstanceGoal.Stopped)
                || (instance.State == InstanceState.Failed && instance.Goal == InstanceGoal.Terminated))).ToListAsync(ct);
        foreach (var instance in candidates.Where(instance => instance.IsUnsettled))
        {
            nudges.Now(instance.Id);
        }

        var now = clock.GetUtcNow();
        var late = candidates.Where(instance => instance.Deadline < now && instance.State is not InstanceState.Running).ToList();
        foreach (var instance in late)
        {
            await Incidents.OpenAsync(db, instance.AccountId, instance.Id, IncidentKinds.Deadline,
                $"{instance.Id} is {instance.Status} and should have been {instance.Goal.ToString().ToLowerInvariant()} by {instance.Deadline:u}. {instance.Waiting}", now, ct);
        }

        var lateIds = late.Select(instance => instance.Id).ToArray();
        await db.Incidents.Where(incident => incident.Kind == IncidentKinds.Deadline && incident.ClosedAt == null && !lateIds.Contains(incident.ResourceId))
            .ExecuteUpdateAsync(incident => incident.SetProperty(closed => closed.ClosedAt, now), ct);
    }
}
