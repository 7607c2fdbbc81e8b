namespace Portal.Worker.Shared;

/// <summary>Something that is done again and again, whatever happened the last time.</summary>
public abstract partial class Sweep(TimeSpan interval, TimeProvider clock, ILogger log) : BackgroundService
{
    /// <summary>One round; public so that a test can run it without waiting.</summary>
    public abstract Task SweepAsync(CancellationToken ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(log, GetType().Name, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Sweep} failed; it is tried again")]
    private static partial void LogFailed(ILogger log, string sweep, Exception error);
}
