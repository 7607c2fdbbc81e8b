using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Model.Shared;

/// <summary>A row of a watched table was inserted, changed or deleted.</summary>
/// <param name="AccountId">Whose it is; <c>-</c> for what belongs to nobody, such as an image.</param>
public sealed record Change(string Table, string AccountId, string Id)
{
    /// <summary>The <see cref="AccountId"/> of what belongs to all, e.g. a region.</summary>
    public const string NoAccount = "-";
}

/// <summary>
/// The process's one subscription to <see cref="DatabaseObjects.Channel"/>, handed out to any number of listeners. After a lost connection
/// every listener gets <see cref="Missed"/>, since what was said meanwhile is not said again.
/// </summary>
public sealed partial class Changes(NpgsqlDataSource database, ILogger<Changes> log) : BackgroundService
{
    public static readonly Change Missed = new("*", "*", "*");

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly List<Subscription> subscriptions = [];
    private readonly TaskCompletionSource listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first LISTEN has been acknowledged.</summary>
    public Task Listening => listening.Task;

    /// <summary>Calls back for each change that <paramref name="wanted"/> accepts, one at a time and in order, until disposed.</summary>
    public IDisposable Subscribe(Func<Change, bool> wanted, Func<Change, Task> onChange)
    {
        var subscription = new Subscription(this, wanted, onChange, log);
        lock (gate)
        {
            subscriptions.Add(subscription);
        }

        return subscription;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception error)
                when (error is NpgsqlException or InvalidOperationException or IOException && !stoppingToken.IsCancellationRequested)
            {
                LogLost(log, error.Message);
                await Task.Delay(Retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        connection.Notification += (_, notice) =>
        {
            if (notice.Payload.Split(' ', 3) is [var table, var account, var id])
            {
                Publish(new Change(table, account, id));
            }
        };
        await using (var listen = new NpgsqlCommand($"LISTEN {DatabaseObjects.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(ct);
        }

        if (!listening.TrySetResult())
        {
            Publish(Missed);
        }

        while (true)
        {
            await connection.WaitAsync(ct);
        }
    }

    private void Publish(Change change)
    {
        Subscription[] listeners;
        lock (gate)
        {
            listeners = [.. subscriptions];
        }

        foreach (var listener in listeners)
        {
            listener.Offer(change);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the database's notifications, connecting again: {Reason}")]
    private static partial void LogLost(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A listener to changes failed")]
    private static partial void LogFailed(ILogger log, Exception error);

    private sealed class Subscription : IDisposable
    {
        private readonly Changes changes;
        private readonly Func<Change, bool> wanted;
        private readonly Channel<Change> queue = Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true });

        public Subscription(Changes changes, Func<Change, bool> wanted, Func<Change, Task> onChange, ILogger log)
        {
            (this.changes, this.wanted) = (changes, wanted);
            _ = PumpAsync(onChange, log);
        }

        public void Offer(Change change)
        {
            if (ReferenceEquals(change, Missed) || wanted(change))
            {
                queue.Writer.TryWrite(change);
            }
        }

        public void Dispose()
        {
            lock (changes.gate)
            {
                changes.subscriptions.Remove(this);
            }

            queue.Writer.TryComplete();
        }

        private async Task PumpAsync(Func<Change, Task> onChange, ILogger log)
        {
            await foreach (var change in queue.Reader.ReadAllAsync())
            {
                try
                {
                    await onChange(change);
                }
                catch (Exception error)
                {
                    LogFailed(log, error);
                }
            }
        }
    }
}
