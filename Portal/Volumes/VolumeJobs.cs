using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

/// <summary>Tells a region's worker that volumes want something.</summary>
public sealed class VolumeJobs(ResourceJobs jobs)
{
    public void Advance(Volume made) => jobs.Advance<IVolumeJob>([(made.RegionId, made.Id)]);

    public void Advance(params IEnumerable<VolumeChange> changes) =>
        jobs.Advance<IVolumeJob>(changes.Where(change => change.Outcome.IsDone).Select(change => (change.RegionId!, change.Id)));
}
