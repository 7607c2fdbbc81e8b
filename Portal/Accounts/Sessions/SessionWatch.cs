using System.Collections.Concurrent;
using System.Security.Claims;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Ends what outlives the request that authorized it, a circuit or a console, when its session stands no more: at once when the session's
/// or its user's row changed, and every <see cref="Pause"/> by one query for all, so that nothing rests on the notification alone.
/// </summary>
public sealed partial class SessionWatch(SessionCookie sessions, Changes changes, TimeProvider clock, ILogger<SessionWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>For one look: a database that hangs must not keep the next one from being tried.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Watched, bool> open = [];
    private readonly ConcurrentDictionary<Guid, bool> used = [];

    /// <summary>Somebody did something in a circuit: that is use of the session, of which no request tells.</summary>
    public void Saw(ClaimsPrincipal user)
    {
        if (SessionCookie.SessionOf(user) is { } id)
        {
            used[id] = true;
        }
    }

    /// <summary>
    /// Until disposed, calls <paramref name="end"/> when the session of <paramref name="user"/> has ended or is an operator's no more;
    /// before this returns, if that is so already. It may be called twice.
    /// </summary>
    public async Task<IDisposable> WatchAsync(ClaimsPrincipal user, Func<Task> end)
    {
        var watched = new Watched(this, user, end);
        open[watched] = true;
        try
        {
            await CheckAsync([watched]);
            return watched;
        }
        catch
        {
            watched.Dispose();
            throw;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var told = changes.Subscribe(
            change => change.Table is "Sessions" or "Users" or "Accounts",
            change => CheckAsync([.. open.Keys.Where(watched => ReferenceEquals(change, Changes.Missed) || watched.IsOf(change.Id))])
        );
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    /// <summary>What could not be read is read at the next turn; pages do not fall with the database.</summary>
    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            await CheckAsync([.. open.Keys]).WaitAsync(Patience, clock, ct);
            await WriteUsedAsync(ct);
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            LogUnknown(log, error.Message);
        }
    }

    private async Task WriteUsedAsync(CancellationToken ct)
    {
        if (!used.IsEmpty)
        {
            Guid[] all = [.. used.Keys];
            await sessions.SawAsync(all, ct).WaitAsync(Patience, clock, ct);
            Array.ForEach(all, id => used.TryRemove(id, out _));
        }
    }

    private async Task CheckAsync(IReadOnlyCollection<Watched> all)
    {
        if (all.Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Patience, clock);
        var standing = await sessions.StandingAsync([.. all.Select(one => one.User)], limit.Token);
        await Task.WhenAll(all.Where(one => !standing.Contains(one.User)).Select(EndAsync));
    }

    /// <summary>Not on the watch's own thread, and watched on until it has ended: one that is slow or fails harms no other.</summary>
    private Task EndAsync(Watched fallen) =>
        Task.Run(async () =>
        {
            try
            {
                await fallen.End();
                fallen.Dispose();
            }
            catch (Exception error)
            {
                LogNotEnded(log, error);
            }
        });

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether the sessions of open pages stand could not be read: {Reason}")]
    private static partial void LogUnknown(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What a session had open could not be ended, and is tried again")]
    private static partial void LogNotEnded(ILogger log, Exception error);

    private sealed class Watched(SessionWatch watch, ClaimsPrincipal user, Func<Task> end) : IDisposable
    {
        public ClaimsPrincipal User { get; } = user;

        public Func<Task> End { get; } = end;

        public bool IsOf(string id) =>
            User.FindFirstValue(AccountClaims.Session) == id
            || User.FindFirstValue(AccountClaims.Account) == id
            || User.FindFirstValue(ClaimTypes.NameIdentifier) == id;

        public void Dispose() => watch.open.TryRemove(this, out _);
    }
}
