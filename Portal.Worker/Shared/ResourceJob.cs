using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// What jobs have in common: load one resource, ask an engine or a store to ensure what is wanted of it, write down what came of it. A job
/// can be run at any time, any number of times, and killed anywhere.
/// </summary>
public abstract partial class ResourceJob<T>(IDbContextFactory<PortalDb> dbs, Nudges nudges, TimeProvider clock, ILogger log)
    where T : class, IAdvanced
{
    protected Nudges Nudges => nudges;

    protected DateTimeOffset Now => clock.GetUtcNow();

    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity($"advance {typeof(T).Name}");
        activity?.SetTag("id", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);
        if (lease is null)
        {
            // Another run is at it, perhaps with an older goal: come back.
            nudges.Soon(id);
            return;
        }

        // After a failure the sweep comes back: an engine that is away need not be asked by each resource four times a second.
        if (await LoadAsync(db, id, ct) is { } resource && await TryAsync(db, resource, ct) && await IsLeftAsync(db, resource, ct))
        {
            nudges.Soon(id, PauseOf(resource));
        }
    }

    /// <summary>Null if there is nothing left to do.</summary>
    protected abstract Task<T?> LoadAsync(PortalDb db, string id, CancellationToken ct);

    protected abstract Task AdvanceAsync(PortalDb db, T resource, CancellationToken ct);

    /// <summary>What it says to its customer when the engine failed.</summary>
    protected abstract void WriteDown(T resource, EngineException error);

    /// <summary>The same, for what has to be looked at once more to know.</summary>
    protected virtual Task WriteDownAsync(T resource, EngineException error, CancellationToken ct)
    {
        WriteDown(resource, error);
        return Task.CompletedTask;
    }

    /// <summary>What is to be written in the same transaction as the state.</summary>
    protected virtual Task RecordAsync(PortalDb db, T resource, CancellationToken ct) => Task.CompletedTask;

    /// <summary>Until the next look.</summary>
    protected virtual TimeSpan PauseOf(T resource) => Nudges.Pause;

    /// <summary>Whether there is still something left to do.</summary>
    protected virtual async Task<bool> IsLeftAsync(PortalDb db, T resource, CancellationToken ct) =>
        await LoadAsync(db, resource.Id, ct) is not null;

    /// <summary>False if the engine failed.</summary>
    protected virtual async Task<bool> TryAsync(PortalDb db, T resource, CancellationToken ct)
    {
        EngineException? failure = null;
        try
        {
            failure = await AskAsync(db, resource, ct);
            await SaveAsync(db, resource, ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Something else was asked for meanwhile; what was observed is observed again.
            LogOvertaken(log, resource.Id);
            db.ChangeTracker.Clear();
        }

        return failure is null;
    }

    /// <summary>
    /// State and usage spans in one transaction, its own or the one that there is; also for a step on the way. Nothing changed writes
    /// nothing.
    /// </summary>
    protected async Task SaveAsync(PortalDb db, T resource, CancellationToken ct)
    {
        if (db.ChangeTracker.HasChanges())
        {
            await using var own = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(ct) : null;
            await RecordAsync(db, resource, ct);
            await db.SaveChangesAsync(ct);
            await (own?.CommitAsync(ct) ?? Task.CompletedTask);
        }
    }

    protected void LogEngine(string id, EngineException error) => LogEngine(log, id, error.Fault, error.Detail);

    /// <summary>How the engine failed, which is written down; null if it did not.</summary>
    private async Task<EngineException?> AskAsync(PortalDb db, T resource, CancellationToken ct)
    {
        try
        {
            await AdvanceAsync(db, resource, ct);
            return null;
        }
        catch (EngineException error)
        {
            await WriteDownAsync(resource, error, ct);

            // Said once: while it goes on being so, nothing changes.
            if (db.ChangeTracker.HasChanges())
            {
                LogEngine(resource.Id, error);
            }

            return error;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Resource} was changed meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string resource);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string resource, EngineFault fault, string reason);
}
