using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

public sealed class SnapshotSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<SnapshotSweep> log
) : ResourceSweep("snap", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // IsUnsettled, as SQL.
        var found = await db
            .Snapshots.AsNoTracking()
            .Where(snapshot =>
                snapshot.RegionId == region.Id
                && snapshot.State != SnapshotState.Deleted
                && (snapshot.IsDeleting || snapshot.State == SnapshotState.Pending)
            )
            .ToListAsync(ct);
        return [.. found.Select(snapshot => new Unsettled(snapshot.Id, snapshot.AccountId, Late(snapshot, now)))];
    }

    private static string? Late(Snapshot snapshot, DateTimeOffset now) =>
        snapshot.Deadline < now
            ? $"{snapshot.Id} is {snapshot.Status} and should have been done by {snapshot.Deadline:u}. {snapshot.Waiting}"
            : null;
}
