using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

/// <summary>
/// What the jobs of the object store have in common: load one thing, ask the store to ensure what is wanted of it, write down what came of it. A job can be run at any time, any
/// number of times, and killed anywhere.
/// </summary>
public abstract partial class StoreJob<T>(IDbContextFactory<PortalDb> dbs, RegionStore stores, Nudges nudges, TimeProvider clock, ILogger log)
    where T : Resource
{
    protected RegionStore Stores => stores;

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
            nudges.Soon(id);
            return;
        }

        // After a failure the sweep comes back: a store that is away need not be asked by each of them four times a second.
        if (await LoadAsync(db, id, ct) is { } resource && await TryAsync(db, resource, ct) && await LoadAsync(db, id, ct) is not null)
        {
            nudges.Soon(id);
        }
    }

    /// <summary>Null if there is nothing left to do.</summary>
    protected abstract Task<T?> LoadAsync(PortalDb db, string id, CancellationToken ct);

    protected abstract Task AdvanceAsync(PortalDb db, IObjectStore store, T resource, CancellationToken ct);

    /// <summary>What it says to its customer and the operators when the store failed.</summary>
    protected abstract void WriteDown(T resource, EngineException error);

    /// <summary>What is to be written in the same transaction as the state.</summary>
    protected virtual Task RecordAsync(PortalDb db, T resource, CancellationToken ct) => Task.CompletedTask;

    /// <summary>False if the store failed.</summary>
    private async Task<bool> TryAsync(PortalDb db, T resource, CancellationToken ct)
    {
        var succeeded = true;
        try
        {
            await AdvanceAsync(db, await stores.OpenAsync(ct), resource, ct);
        }
        catch (EngineException error)
        {
            WriteDown(resource, error);
            succeeded = false;
            if (db.ChangeTracker.HasChanges())
            {
                LogStore(log, resource.Id, error.Fault, error.Detail);
            }
        }

        try
        {
            await SaveAsync(db, resource, ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Something else was asked for meanwhile; what was observed is observed again.
            LogOvertaken(log, resource.Id);
            db.ChangeTracker.Clear();
        }

        return succeeded;
    }

    /// <summary>Nothing changed writes nothing.</summary>
    private async Task SaveAsync(PortalDb db, T resource, CancellationToken ct)
    {
        if (db.ChangeTracker.HasChanges())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await RecordAsync(db, resource, ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Resource} was changed meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string resource);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource}: the object store says {Fault}: {Reason}")]
    private static partial void LogStore(ILogger log, string resource, EngineFault fault, string reason);
}
