using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>Tells a region's worker that instances want something.</summary>
public sealed class InstanceJobs(ResourceJobs jobs)
{
    public void Advance(IEnumerable<Instance> made) =>
        jobs.Advance<IInstanceJob>(made.Select(instance => (instance.RegionId, instance.Id)));

    public void Advance(IEnumerable<InstanceChange> changes) =>
        jobs.Advance<IInstanceJob>(changes.Where(change => change.Outcome.IsDone).Select(change => (change.RegionId!, change.Id)));
}
