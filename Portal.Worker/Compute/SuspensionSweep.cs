using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

/// <summary>
/// Stops what runs in suspended accounts and remembers it, and starts exactly that when the suspension has ended. Both are found from the
/// rows alone: a machine that was still being made when its account was suspended is stopped once it runs.
/// </summary>
public sealed class SuspensionSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<SuspensionSweep> log
) : Sweep(TimeSpan.FromSeconds(2), clock, log)
{
    private readonly TimeProvider clock = clock;

    /// <summary>How many share a transaction: the worker waits for their rows meanwhile.</summary>
    private const int Batch = 100;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var found = await (
            from instance in db.Instances
            where instance.RegionId == region.Id
            join account in db.Accounts on instance.AccountId equals account.Id
            where
                account.ClosingSince == null
                && (
                    account.SuspendedAt != null
                        ? instance.State == InstanceState.Running && instance.Goal == InstanceGoal.Running
                        : instance.IsSuspended && instance.State == InstanceState.Stopped && instance.Goal == InstanceGoal.Stopped
                )
            orderby instance.CreatedAt
            select new { instance.Id, instance.AccountId }
        ).ToListAsync(ct);
        var round = new Round();
        await round.EachAsync(
            found
                .GroupBy(row => row.AccountId, row => row.Id, StringComparer.Ordinal)
                .SelectMany(account => account.Chunk(Batch).Select(ids => (AccountId: account.Key, Ids: ids))),
            batch => batch.AccountId,
            (batch, token) => RunAsync(batch.AccountId, batch.Ids, token),
            ct
        );
        round.End();
    }

    private async Task RunAsync(string accountId, string[] ids, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(accountId, ct);
        var free = await FreeCapacity.OfAsync(db, await db.LockRegionAsync(region.Id, ct), ct);
        var changed = new List<string>();
        foreach (var instance in await db.LockInstancesAsync(accountId, ids, ct))
        {
            var (now, before) = (clock.GetUtcNow(), new { instance.Status });
            if (account.SuspendedAt is not null && instance.RequestSuspension(now).IsDone)
            {
                db.AuditEntries.Add(
                    Actor
                        .Portal(accountId)
                        .Audit(now, "StopInstances", instance.Id, before, new { instance.Status, Why = "the account is suspended" })
                );
                await InstanceMeter.RecordAsync(db, instance, now, ct);
                changed.Add(instance.Id);
            }
            else if (
                account.SuspendedAt is null
                && instance.IsSuspended
                && free.WhyNotStart(instance) is null
                && instance.RequestStart(now).IsDone
            )
            {
                free = free.Less(instance);
                db.AuditEntries.Add(
                    Actor
                        .Portal(accountId)
                        .Audit(now, "StartInstances", instance.Id, before, new { instance.Status, Why = "the suspension has ended" })
                );
                changed.Add(instance.Id);
            }
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        changed.ForEach(nudges.Now);
    }
}
