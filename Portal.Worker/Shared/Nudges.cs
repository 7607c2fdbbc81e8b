using System.Collections.Concurrent;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// Looks again, soon, at resources that are under way: the short waits between two looks at a booting machine, kept in this process and not
/// in the queue. Losing them loses nothing, the sweeps find the same resources again. The job is the one registered for the id's prefix.
/// </summary>
public sealed partial class Nudges(IServiceScopeFactory scopes, TimeProvider clock, ILogger<Nudges> log) : BackgroundService
{
    /// <summary>Between two looks: a twentieth of what the fastest guest takes to boot.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// After a look that ended in something unforeseen, which it will do again: the places are others' too, and the log is.
    /// </summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<string, DateTimeOffset> due = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> busy = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim places = new(AtOnce);

    public void Soon(string id) => Soon(id, Pause);

    public void Soon(string id, TimeSpan pause) => due.TryAdd(id, clock.GetUtcNow() + pause);

    /// <summary>At once, unless a look is due anyway.</summary>
    public void Now(string id) => due.TryAdd(id, clock.GetUtcNow());

    /// <summary>When it is looked at next; null if that is left to its sweep.</summary>
    internal DateTimeOffset? Due(string id) => due.TryGetValue(id, out var at) ? at : null;

    public override void Dispose()
    {
        places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause / 5, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = clock.GetUtcNow();
            foreach (var (id, at) in due)
            {
                if (at <= now && places.CurrentCount > 0 && busy.TryAdd(id, 0))
                {
                    due.TryRemove(id, out _);
                    await places.WaitAsync(stoppingToken);
                    _ = AdvanceAsync(id, stoppingToken);
                }
            }
        }
    }

    private async Task AdvanceAsync(string id, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id)).AdvanceAsync(id, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The worker stops; the next one's sweep goes on.
        }
        catch (Exception error)
        {
            // The database is away, or a defect: it is looked at again either way, and until then the sweep adds nothing.
            due[id] = clock.GetUtcNow() + Rest;
            LogFailed(log, id, error);
        }
        finally
        {
            busy.TryRemove(id, out _);
            places.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Advancing {Resource} failed")]
    private static partial void LogFailed(ILogger log, string resource, Exception error);
}
