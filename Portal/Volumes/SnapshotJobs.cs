using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

/// <summary>Tells a region's worker that snapshots want something.</summary>
public sealed class SnapshotJobs(ResourceJobs jobs)
{
    public void Advance(Snapshot made) => jobs.Advance<ISnapshotJob>([(made.RegionId, made.Id)]);

    public void Advance(params IEnumerable<SnapshotChange> changes) =>
        jobs.Advance<ISnapshotJob>(changes.Where(change => change.Outcome.IsDone).Select(change => (change.RegionId!, change.Id)));
}
