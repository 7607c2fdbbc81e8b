using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>
/// Finds the backups that are due, that are complete, and whose volumes are gone. One that is missing is an incident until a later one is
/// complete. Of a suspended account nothing is expected.
/// </summary>
public sealed class BackupSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<BackupSweep> log
) : ResourceSweep(BackupSchedule.Prefix, dbs, nudges, clock, log, IncidentKinds.MissedBackup)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var found = await (
            from schedule in db.BackupSchedules.AsNoTracking()
            join volume in db.Volumes on schedule.VolumeId equals volume.Id
            join account in db.Accounts on schedule.AccountId equals account.Id
            let isGone = volume.Goal == VolumeGoal.Deleted || volume.State == VolumeState.Deleted
            where
                schedule.RegionId == region.Id
                && (isGone || schedule.NextAt <= now || schedule.SnapshotId != null || schedule.Problem != null)
            select new
            {
                Schedule = schedule,
                IsGone = isGone,
                IsSuspended = account.SuspendedAt != null,
                IsTaken = schedule.SnapshotId != null
                    && !db.Snapshots.Any(snapshot =>
                        snapshot.Id == schedule.SnapshotId && snapshot.State == SnapshotState.Pending && !snapshot.IsDeleting
                    ),
            }
        ).ToListAsync(ct);
        return
        [
            .. found.Select(one =>
                one.IsGone || one.IsSuspended
                    ? new Unsettled(one.Schedule.Id, one.Schedule.AccountId, null, one.IsGone || one.Schedule.NextAt <= now)
                    : new Unsettled(
                        one.Schedule.Id,
                        one.Schedule.AccountId,
                        one.Schedule.Missed(now),
                        one.IsTaken || one.Schedule.IsDue(now)
                    )
            ),
        ];
    }
}
