using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>
/// Turns the backups of an account's volumes on, changes them and turns them off. A volume has one schedule at most; the same again changes
/// nothing. What was taken stays in any case.
/// </summary>
public sealed class BackupSchedules(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome> SetAsync(Actor actor, string volumeId, BackupWish wish, CancellationToken ct) =>
        WithAsync(
            actor,
            volumeId,
            async (db, account, volume) =>
            {
                if (await WhyNotAsync(db, actor, account, volume, wish, ct) is { } refusal)
                {
                    return refusal;
                }

                var (now, schedule) = (clock.GetUtcNow(), await FindAsync(db, volumeId, ct));
                if (schedule?.Says(wish) is true)
                {
                    return Outcome.Done;
                }

                var before = schedule is null ? null : AuditDetails(schedule);
                schedule ??= db
                    .BackupSchedules.Add(
                        new BackupSchedule
                        {
                            Id = ResourceIds.New(BackupSchedule.Prefix),
                            AccountId = volume.AccountId,
                            RegionId = volume.RegionId,
                            VolumeId = volume.Id,
                            CreatedAt = now,
                        }
                    )
                    .Entity;
                schedule.Set(wish, now);
                db.AuditEntries.Add(
                    actor.Audit(
                        now,
                        before is null ? "CreateLifecyclePolicy" : "UpdateLifecyclePolicy",
                        volume.Id,
                        before,
                        AuditDetails(schedule)
                    )
                );
                return Outcome.Done;
            },
            ct
        );

    public Task<Outcome> TurnOffAsync(Actor actor, string volumeId, CancellationToken ct) =>
        WithAsync(
            actor,
            volumeId,
            async (db, _, _) =>
            {
                if (await FindAsync(db, volumeId, ct) is { } schedule)
                {
                    db.BackupSchedules.Remove(schedule);
                    db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "DeleteLifecyclePolicy", volumeId, before: AuditDetails(schedule)));
                }

                return Outcome.Done;
            },
            ct
        );

    /// <summary>One more than are kept must fit: the oldest goes only when the newest is complete.</summary>
    public static string? WhyNotWithin(int snapshotLimit, int keep) =>
        keep < snapshotLimit
            ? null
            : $"Your quota is {Counted.Of(snapshotLimit, "snapshot")}, and a new one is made before the oldest goes: keep {Math.Max(0, snapshotLimit - 1)} at most, or ask support for more.";

    public static object AuditDetails(BackupSchedule schedule) => new { Backups = schedule.Sentence };

    private async Task<Refusal?> WhyNotAsync(
        PortalDb db,
        Actor actor,
        Account account,
        Volume volume,
        BackupWish wish,
        CancellationToken ct
    ) =>
        wish.Check().Refusal
        ?? Refusal.State(volume.WhyNotBackUp)
        ?? await db.WhyMayNotCreateAsync(actor, ct)
        ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)
        ?? Refusal.Limit(WhyNotWithin(account.SnapshotLimit, wish.Keep));

    private async Task<Outcome> WithAsync(
        Actor actor,
        string volumeId,
        Func<PortalDb, Account, Volume, Task<Outcome>> change,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if ((await db.LockVolumesAsync(actor.AccountId, [volumeId], ct)).SingleOrDefault() is not { } volume)
        {
            return Refusal.NotFound("There is no such volume.");
        }

        var outcome = await change(db, account, volume);
        if (outcome.IsDone)
        {
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }

    private static Task<BackupSchedule?> FindAsync(PortalDb db, string volumeId, CancellationToken ct) =>
        db
            .BackupSchedules.FromSql($"""SELECT b.*, b.xmin FROM "BackupSchedules" b WHERE b."VolumeId" = {volumeId} FOR UPDATE""")
            .SingleOrDefaultAsync(ct);
}
