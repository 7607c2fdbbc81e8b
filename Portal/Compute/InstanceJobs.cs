using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>Tells a region's worker that an instance wants something. A hint only: what gets lost here, the worker's sweep finds.</summary>
public sealed partial class InstanceJobs(IBackgroundJobClient jobs, ILogger<InstanceJobs> log)
{
    public void Advance(string regionId, string instanceId)
    {
        try
        {
            jobs.Create(Job.FromExpression<IInstanceJob>(job => job.AdvanceAsync(instanceId, CancellationToken.None)), new EnqueuedState(regionId));
        }
        catch (BackgroundJobClientException error)
        {
            LogLost(log, error, instanceId);
        }
    }

    public void Advance(IEnumerable<Instance> made)
    {
        foreach (var instance in made)
        {
            Advance(instance.RegionId, instance.Id);
        }
    }

    public void Advance(IEnumerable<InstanceChange> changes)
    {
        foreach (var change in changes.Where(change => change.Outcome.IsDone))
        {
            Advance(change.RegionId!, change.Id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not enqueue instance {InstanceId}; the sweep will find it")]
    private static partial void LogLost(ILogger log, Exception error, string instanceId);
}
