using System.Threading.Channels;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// Refreshes a page when what it shows has changed: at once at the first change, then at most every <see cref="Pause"/>, however many
/// follow, and once more after the last.
/// </summary>
public sealed partial class LiveUpdates(Changes changes, TimeProvider clock, ILogger<LiveUpdates> log)
{
    private readonly Changes changes = changes;
    private readonly TimeProvider clock = clock;
    private readonly ILogger log = log;

    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Until disposed, calls <paramref name="refresh"/>, never twice at a time and not on the page's own thread.</summary>
    public IDisposable Subscribe(Func<Change, bool> wanted, Func<Task> refresh) => new Subscription(this, wanted, refresh);

    [LoggerMessage(Level = LogLevel.Error, Message = "A page could not refresh itself")]
    private static partial void LogFailed(ILogger log, Exception error);

    private sealed class Subscription : IDisposable
    {
        private readonly Channel<bool> dirty = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
        );
        private readonly CancellationTokenSource ended = new();
        private readonly IDisposable listening;

        public Subscription(LiveUpdates updates, Func<Change, bool> wanted, Func<Task> refresh)
        {
            listening = updates.changes.Subscribe(
                wanted,
                _ =>
                {
                    dirty.Writer.TryWrite(true);
                    return Task.CompletedTask;
                }
            );
            _ = RunAsync(updates, refresh, ended.Token);
        }

        public void Dispose()
        {
            listening.Dispose();
            ended.Cancel();
            ended.Dispose();
        }

        private async Task RunAsync(LiveUpdates updates, Func<Task> refresh, CancellationToken ct)
        {
            try
            {
                await foreach (var _ in dirty.Reader.ReadAllAsync(ct))
                {
                    if (!await RefreshAsync(updates, refresh))
                    {
                        listening.Dispose();
                        return;
                    }

                    await Task.Delay(Pause, updates.clock, ct);
                }
            }
            catch (OperationCanceledException)
            {
                // The page is gone.
            }
        }

        /// <summary>False if there is nothing left to refresh it for.</summary>
        private static async Task<bool> RefreshAsync(LiveUpdates updates, Func<Task> refresh)
        {
            try
            {
                await refresh();
                return true;
            }
            catch (UnauthorizedAccessException)
            {
                // Its session has ended, and comes back no more: whoever signs in gets another page.
                return false;
            }
            catch (Exception gone) when (gone is ObjectDisposedException or OperationCanceledException)
            {
                // The page went while it was being refreshed.
                return true;
            }
            catch (Exception error)
            {
                LogFailed(updates.log, error);
                return true;
            }
        }
    }
}
