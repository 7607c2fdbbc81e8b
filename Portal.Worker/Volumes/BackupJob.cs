using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>
/// Asks for the snapshot of a schedule's slot, and sees to what became of it. The snapshot is known by its volume and slot, so however
/// often this runs, is killed, or runs in two workers at once, each slot has one at most.
/// </summary>
public sealed partial class BackupJob(
    IDbContextFactory<PortalDb> dbs,
    CreateSnapshot create,
    Nudges nudges,
    TimeProvider clock,
    ILogger<BackupJob> log
) : IBackupJob
{
    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance backup");
        activity?.SetTag("schedule", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);

        // Whoever has the lease does it, and the sweep comes back in any case.
        if (lease is null || await db.BackupSchedules.SingleOrDefaultAsync(schedule => schedule.Id == id, ct) is not { } schedule)
        {
            return;
        }

        try
        {
            var touched = await AdvanceAsync(db, schedule, ct);
            await db.SaveChangesAsync(ct);
            touched.ForEach(nudges.Now);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The customer changed the schedule or a snapshot meanwhile; all of it is looked at again.
            LogOvertaken(log, id);
        }
    }

    /// <summary>The snapshots whose jobs now have something to do.</summary>
    private async Task<List<string>> AdvanceAsync(PortalDb db, BackupSchedule schedule, CancellationToken ct)
    {
        var volume = await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == schedule.VolumeId, ct);
        if (volume is { Goal: VolumeGoal.Deleted } or { State: VolumeState.Deleted })
        {
            End(db, schedule);
            return [];
        }

        if (await db.Accounts.AnyAsync(account => account.Id == schedule.AccountId && account.SuspendedAt != null, ct))
        {
            schedule.ObserveSuspended(clock.GetUtcNow());
            return [];
        }

        var surplus = schedule.SnapshotId is null ? [] : await FollowAsync(db, schedule, ct);
        return schedule.IsDue(clock.GetUtcNow()) ? [.. surplus, .. await BeginAsync(schedule, volume, ct)] : surplus;
    }

    private async Task<List<string>> BeginAsync(BackupSchedule schedule, Volume volume, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (schedule.SnapshotId is not null)
        {
            schedule.ObserveBusy(now);
            return [];
        }

        var slot = schedule.Slot(now);
        var asked = await create.RunAsync(Actor.Portal(schedule.AccountId), Wish(schedule, volume, slot), schedule.Id, ct);
        if (asked.Value is not { } snapshot)
        {
            LogRefused(log, schedule.VolumeId, asked.Reason!);
            schedule.ObserveRefused(asked.Reason!, now);
            return [];
        }

        schedule.Begin(snapshot.Id, slot, now);
        return [snapshot.Id];
    }

    /// <summary>The name tells volume and slot; the token is both, and which attempt it is.</summary>
    private static NewSnapshot Wish(BackupSchedule schedule, Volume volume, DateTimeOffset slot)
    {
        var when = slot.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        return new NewSnapshot(
            volume.Id,
            $"{ResourceName.Cut(volume.Name, ResourceName.MaxLength - when.Length - 1)} {when}",
            schedule.Rejected == 0 ? $"{volume.Id} {when}" : $"{volume.Id} {when} {schedule.Rejected + 1}"
        );
    }

    private async Task<List<string>> FollowAsync(PortalDb db, BackupSchedule schedule, CancellationToken ct)
    {
        var snapshot = await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == schedule.SnapshotId, ct);
        switch (snapshot)
        {
            case { IsDeleting: true } or { State: SnapshotState.Deleted }:
                schedule.ObserveDropped();
                return [];
            case { State: SnapshotState.Error }:
                return schedule.ObserveRejected(snapshot.LastError, clock.GetUtcNow())
                    ? await RemoveAsync(db, schedule, [snapshot.Id], ct)
                    : [];
            case { State: SnapshotState.Completed }:
                schedule.ObserveComplete(clock.GetUtcNow());
                return await RemoveSurplusAsync(db, schedule, ct);
            default:
                return [];
        }
    }

    /// <summary>
    /// Of those that this schedule took of the volume, now that the newest is complete: what is beyond the number that is kept, and what
    /// could not be taken. What an earlier schedule took stays, as its owner was told when it was turned off.
    /// </summary>
    private async Task<List<string>> RemoveSurplusAsync(PortalDb db, BackupSchedule schedule, CancellationToken ct)
    {
        var held = await db
            .Snapshots.AsNoTracking()
            .Where(snapshot =>
                snapshot.AccountId == schedule.AccountId
                && snapshot.VolumeId == schedule.VolumeId
                && snapshot.ScheduleId == schedule.Id
                && !snapshot.IsDeleting
                && (snapshot.State == SnapshotState.Completed || snapshot.State == SnapshotState.Error)
            )
            .OrderBy(snapshot => snapshot.CreatedAt)
            .ThenBy(snapshot => snapshot.Id)
            .ToListAsync(ct);
        var surplus = held.Where(snapshot => snapshot.State is SnapshotState.Completed)
            .SkipLast(schedule.Keep)
            .Concat(held.Where(snapshot => snapshot.State is SnapshotState.Error));
        return await RemoveAsync(db, schedule, [.. surplus.Select(snapshot => snapshot.Id)], ct);
    }

    private async Task<List<string>> RemoveAsync(PortalDb db, BackupSchedule schedule, List<string> ids, CancellationToken ct)
    {
        var removed = new List<string>();
        foreach (
            var snapshot in await db
                .Snapshots.Where(snapshot => snapshot.AccountId == schedule.AccountId && ids.Contains(snapshot.Id))
                .ToListAsync(ct)
        )
        {
            // What goes already is no deed of the schedule's.
            if (snapshot.RequestDelete(clock.GetUtcNow()).IsDone)
            {
                db.AuditEntries.Add(
                    Actor
                        .Portal(schedule.AccountId)
                        .Audit(
                            clock.GetUtcNow(),
                            "DeleteSnapshot",
                            snapshot.Id,
                            after: new
                            {
                                snapshot.Name,
                                snapshot.Status,
                                Backups = schedule.Sentence,
                            }
                        )
                );
                removed.Add(snapshot.Id);
            }
        }

        return removed;
    }

    /// <summary>Its volume is deleted: what was taken of it stays.</summary>
    private void End(PortalDb db, BackupSchedule schedule)
    {
        db.BackupSchedules.Remove(schedule);
        db.AuditEntries.Add(
            Actor
                .Portal(schedule.AccountId)
                .Audit(clock.GetUtcNow(), "DeleteLifecyclePolicy", schedule.VolumeId, before: BackupSchedules.AuditDetails(schedule))
        );
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Schedule} was changed by its customer meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string schedule);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No backup of {Volume} could be taken: {Reason}")]
    private static partial void LogRefused(ILogger log, string volume, string reason);
}
