using System.Threading.Channels;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Billing;

/// <summary>
/// Tells the workers that events are waiting, at most ten times a second however many arrive. Beside the request and not in the insert's
/// transaction, since commits that notify wait for each other. What is lost here is found by the worker's sweep a second later.
/// </summary>
public sealed partial class StripeEventBell(NpgsqlDataSource database, TimeProvider clock, ILogger<StripeEventBell> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> rung = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }
    );

    public void Ring() => rung.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in rung.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var notify = database.CreateCommand($"SELECT pg_notify('{DatabaseObjects.Channel}', 'StripeEvents - -')");
                await notify.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (NpgsqlException error)
            {
                LogLost(log, error.Message);
            }

            await Task.Delay(Pause, clock, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Could not tell the workers of new events: {Reason}")]
    private static partial void LogLost(ILogger log, string reason);
}
