using Portal.Model.Buckets;
using Portal.Shared;

namespace Portal.Buckets;

/// <summary>Tells a region's worker that buckets and access keys want something.</summary>
public sealed class BucketJobs(ResourceJobs jobs)
{
    public void Advance(Bucket made) => jobs.Advance<IBucketJob>([(made.RegionId, made.Id)]);

    public void Advance(BucketChange change)
    {
        if (change.Outcome.IsDone)
        {
            jobs.Advance<IBucketJob>([(change.RegionId!, change.Id)]);
        }
    }

    public void Advance(AccessKey key) => jobs.Advance<IAccessKeyJob>([(key.RegionId, key.Id)]);
}
