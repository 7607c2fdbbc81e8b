using Hangfire;
using Portal.Model.Billing;

namespace Portal.Billing;

/// <summary>Tells the worker that something is known of a card setup. A hint only: what gets lost here, the worker's sweep finds.</summary>
public sealed partial class CardJobs(IBackgroundJobClient jobs, ILogger<CardJobs> log)
{
    public void Apply(Guid setupId)
    {
        try
        {
            jobs.Enqueue<ICardSetupJob>(job => job.ApplyAsync(setupId, CancellationToken.None));
        }
        catch (BackgroundJobClientException error)
        {
            LogLost(log, error, setupId);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not enqueue card setup {SetupId}; the sweep will find it")]
    private static partial void LogLost(ILogger log, Exception error, Guid setupId);
}
