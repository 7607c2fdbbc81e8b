using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// Tells the regions' workers what a commit has given them to do. A hint only: what gets lost or left out here, the worker's sweeps find.
/// </summary>
public sealed partial class ResourceJobs(IBackgroundJobClient jobs, TimeProvider clock, ILogger<ResourceJobs> log) : AfterCommit(clock)
{
    /// <summary>Beyond so many at once the sweep is as fast as the queue.</summary>
    private const int AtOnce = 50;

    /// <summary>Returns at once: enqueuing blocks its thread, and whoever commits has something better to do.</summary>
    protected override void Tell(IReadOnlyList<DueJob> due) =>
        _ = Task.Run(() =>
        {
            foreach (var one in due.Take(AtOnce))
            {
                Enqueue(one);
            }
        });

    private void Enqueue(DueJob due)
    {
        try
        {
            var advance = typeof(IResourceJob).GetMethod(nameof(IResourceJob.AdvanceAsync))!;
            jobs.Create(new Job(due.Job, advance, due.Id, CancellationToken.None), new EnqueuedState(due.Queue));
        }
        catch (BackgroundJobClientException error)
        {
            LogLost(log, error, due.Id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not enqueue {Resource}; the sweep will find it")]
    private static partial void LogLost(ILogger log, Exception error, string resource);
}
