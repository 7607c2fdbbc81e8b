using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

public enum InstanceAction
{
    Start,
    Stop,
    Reboot,
    Rescue,
    LeaveRescue,
    Terminate,
}

/// <summary>
/// Starts, stops, reboots, rescues or terminates instances of one account. Each is done or refused for itself.
/// </summary>
public sealed class ChangeInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>How many share a transaction: the worker waits for their rows meanwhile.</summary>
    private const int Batch = 100;

    public async Task<IReadOnlyList<ResourceChange>> RunAsync(
        Actor actor,
        InstanceAction action,
        IReadOnlyCollection<string> ids,
        CancellationToken ct
    )
    {
        var changes = new List<ResourceChange>(ids.Count);
        foreach (var batch in ids.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Chunk(Batch))
        {
            changes.AddRange(await RunBatchAsync(actor, action, batch, ct));
        }

        return changes;
    }

    public async Task<ResourceChange> RunAsync(Actor actor, InstanceAction action, string id, CancellationToken ct) =>
        (await RunAsync(actor, action, [id], ct))[0];

    private async Task<List<ResourceChange>> RunBatchAsync(Actor actor, InstanceAction action, string[] ids, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var suspended = action is InstanceAction.Reboot or InstanceAction.Rescue or InstanceAction.LeaveRescue
            ? await CardCheck.WhySuspendedAsync(db, actor.AccountId, ct)
            : null;
        var starts = action is InstanceAction.Start or InstanceAction.Rescue
            ? await Starts.LockAsync(db, actor, ids, clock.GetUtcNow(), ct)
            : null;
        var found = (await db.LockInstancesAsync(actor.AccountId, ids, ct)).ToDictionary(instance => instance.Id, StringComparer.Ordinal);
        var changes = ids.Select(id =>
                found.TryGetValue(id, out var instance)
                    ? new ResourceChange(
                        id,
                        instance.Name,
                        suspended is null ? Change(db, actor, action, instance, starts) : Refusal.Forbidden(suspended)
                    )
                    : new ResourceChange(id, null, Refusal.NotFound("There is no such instance."))
            )
            .ToList();
        foreach (var change in changes.Where(change => change.Outcome.IsDone && action is InstanceAction.Stop or InstanceAction.Terminate))
        {
            await InstanceMeter.RecordAsync(db, found[change.Id], clock.GetUtcNow(), ct);
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return changes;
    }

    private Outcome Change(PortalDb db, Actor actor, InstanceAction action, Instance instance, Starts? starts)
    {
        var (now, before, isStart) = (clock.GetUtcNow(), new { instance.Status }, instance.WhyNotStart is null);
        if (isStart && starts?.WhyNot(instance) is { } refusal)
        {
            return refusal;
        }

        var outcome = action switch
        {
            InstanceAction.Start => instance.RequestStart(now),
            InstanceAction.Stop => instance.RequestStop(now),
            InstanceAction.Reboot => instance.RequestReboot(now),
            InstanceAction.Rescue => instance.RequestRescue(now),
            InstanceAction.LeaveRescue => instance.RequestLeaveRescue(now),
            _ => instance.RequestTerminate(now),
        };
        if (outcome.IsDone)
        {
            if (isStart)
            {
                starts?.Take(instance);
            }

            db.AuditEntries.Add(actor.Audit(now, $"{action}Instances", instance.Id, before, new { instance.Status }));
        }

        return outcome;
    }

    /// <summary>What a start, be it into rescue, must find besides a stopped instance: somebody who pays, and room.</summary>
    private sealed class Starts(Refusal? whyNoBilling, Dictionary<string, FreeCapacity> free)
    {
        public static async Task<Starts> LockAsync(PortalDb db, Actor actor, string[] ids, DateTimeOffset now, CancellationToken ct)
        {
            await db.LockAccountAsync(actor.AccountId, ct);
            var regions = await db
                .Instances.Where(instance => instance.AccountId == actor.AccountId && ids.Contains(instance.Id))
                .Select(instance => instance.RegionId)
                .Distinct()
                .Order()
                .ToListAsync(ct);
            var free = new Dictionary<string, FreeCapacity>(StringComparer.Ordinal);
            foreach (var id in regions)
            {
                free[id] = await FreeCapacity.OfAsync(db, await db.LockRegionAsync(id, ct), ct);
            }

            return new Starts(await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct), free);
        }

        public Refusal? WhyNot(Instance instance) => whyNoBilling ?? Refusal.Limit(free[instance.RegionId].WhyNotStart(instance));

        public void Take(Instance instance) => free[instance.RegionId] = free[instance.RegionId].Less(instance);
    }
}
