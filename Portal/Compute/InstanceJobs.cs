using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>Tells a region's worker that instances want something. A hint only: what gets lost or left out here, the worker's sweep finds.</summary>
public sealed partial class InstanceJobs(IBackgroundJobClient jobs, ILogger<InstanceJobs> log)
{
    /// <summary>Beyond so many at once the sweep is as fast as the queue.</summary>
    private const int AtOnce = 50;

    public void Advance(IEnumerable<Instance> made) => Advance(made.Select(instance => (instance.RegionId, instance.Id)));

    public void Advance(IEnumerable<InstanceChange> changes) =>
        Advance(changes.Where(change => change.Outcome.IsDone).Select(change => (change.RegionId!, change.Id)));

    /// <summary>Returns at once: enqueuing blocks its thread, and a page has something better to do.</summary>
    private void Advance(IEnumerable<(string Region, string Id)> instances)
    {
        var all = instances.Take(AtOnce).ToArray();
        _ = Task.Run(() => Array.ForEach(all, one => Enqueue(one.Region, one.Id)));
    }

    private void Enqueue(string regionId, string instanceId)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not enqueue instance {InstanceId}; the sweep will find it")]
    private static partial void LogLost(ILogger log, Exception error, string instanceId);
}
