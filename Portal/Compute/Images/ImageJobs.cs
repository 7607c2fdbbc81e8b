using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>Tells a region's worker that images want something: it is their snapshots that are taken and deleted.</summary>
public sealed class ImageJobs(ResourceJobs jobs)
{
    public void Advance(PrivateImage made) => jobs.Advance<ISnapshotJob>([(made.RegionId, made.SnapshotId)]);

    public void Advance(params IEnumerable<ImageChange> changes) =>
        jobs.Advance<ISnapshotJob>(changes.Where(change => change.Outcome.IsDone).Select(change => (change.RegionId!, change.SnapshotId!)));
}
