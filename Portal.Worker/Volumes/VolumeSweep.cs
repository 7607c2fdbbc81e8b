using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

public sealed class VolumeSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<VolumeSweep> log
) : ResourceSweep("vol", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // IsUnsettled, as SQL: every volume that it holds for is among these.
        var candidates = await db
            .Volumes.AsNoTracking()
            .Where(volume =>
                volume.RegionId == region.Id
                && volume.State != VolumeState.Deleted
                && (
                    volume.Goal == VolumeGoal.Deleted
                    || (volume.State == VolumeState.Creating && !volume.IsRoot)
                    || (
                        volume.State == VolumeState.Available
                        && ((volume.InstanceId != null && !volume.IsRoot) || volume.SizeGiB > volume.MadeGiB)
                    )
                    || (volume.State == VolumeState.InUse && (volume.Goal != VolumeGoal.InUse || volume.SizeGiB > volume.MadeGiB))
                )
            )
            .ToListAsync(ct);
        return
        [
            .. candidates
                .Where(volume => volume.IsUnsettled)
                .Select(volume => new Unsettled(volume.Id, volume.AccountId, Late(volume, now))),
        ];
    }

    private static string? Late(Volume volume, DateTimeOffset now) =>
        volume.Deadline < now
            ? $"{volume.Id} is {(volume.IsGrowing ? "growing" : volume.Status)} and should have been done by {volume.Deadline:u}. {volume.Waiting}"
            : null;
}
