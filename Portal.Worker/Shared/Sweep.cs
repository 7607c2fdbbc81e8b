using System.Threading.Channels;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>Something that is done again and again, whatever happened the last time, and never twice at a time.</summary>
/// <param name="interval">Between two rounds at most.</param>
/// <param name="changes">With <paramref name="table"/>: a change of this table is looked at as soon as it is heard of.</param>
public abstract partial class Sweep(TimeSpan interval, TimeProvider clock, ILogger log, Changes? changes = null, string? table = null)
    : BackgroundService
{
    private volatile SweepFailures? failures;

    /// <summary>Its rounds that failed since one was good; null if the last one was, or while none has ended.</summary>
    public SweepFailures? Failures => failures;

    /// <summary>Whether it has ended a round, however that went.</summary>
    public bool HasRun { get; private set; }

    /// <summary>One round; public so that a test can run it without waiting.</summary>
    public abstract Task SweepAsync(CancellationToken ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // However often it is rung during a round, one more round follows.
        var bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        bell.Writer.TryWrite(true);
        await using var timer = clock.CreateTimer(_ => bell.Writer.TryWrite(true), null, interval, interval);
        using var listening = changes?.Subscribe(
            change => change.Table == table,
            _ =>
            {
                bell.Writer.TryWrite(true);
                return Task.CompletedTask;
            }
        );
        try
        {
            await foreach (var _ in bell.Reader.ReadAllAsync(stoppingToken))
            {
                await TryAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The worker stops; what is left to do is found by the next one.
        }
    }

    private async Task TryAsync(CancellationToken ct)
    {
        try
        {
            await SweepAsync(ct);
            failures = null;
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            failures = new SweepFailures(failures?.Since ?? clock.GetUtcNow(), (failures?.Rounds ?? 0) + 1, error);
            LogFailed(log, GetType().Name, error);
        }

        HasRun = true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Sweep} failed; it is tried again")]
    private static partial void LogFailed(ILogger log, string sweep, Exception error);
}

/// <param name="Since">When the first of them failed.</param>
/// <param name="Rounds">How many have failed one after the other.</param>
/// <param name="Last">How the last one failed.</param>
public sealed record SweepFailures(DateTimeOffset Since, int Rounds, Exception Last);
