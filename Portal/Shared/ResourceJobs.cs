using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// Tells a region's worker that resources want something. A hint only: what gets lost or left out here, the worker's sweeps find.
/// </summary>
public sealed partial class ResourceJobs(IBackgroundJobClient jobs, ILogger<ResourceJobs> log)
{
    /// <summary>Beyond so many at once the sweep is as fast as the queue.</summary>
    private const int AtOnce = 50;

    /// <summary>Returns at once: enqueuing blocks its thread, and a page has something better to do.</summary>
    public void Advance<TJob>(IEnumerable<(string RegionId, string Id)> resources)
        where TJob : IResourceJob
    {
        var all = resources.Take(AtOnce).ToArray();
        _ = Task.Run(() => Array.ForEach(all, one => Enqueue<TJob>(one.RegionId, one.Id)));
    }

    private void Enqueue<TJob>(string regionId, string id)
        where TJob : IResourceJob
    {
        try
        {
            jobs.Create(Job.FromExpression<TJob>(job => job.AdvanceAsync(id, CancellationToken.None)), new EnqueuedState(regionId));
        }
        catch (BackgroundJobClientException error)
        {
            LogLost(log, error, id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not enqueue {Resource}; the sweep will find it")]
    private static partial void LogLost(ILogger log, Exception error, string resource);
}
