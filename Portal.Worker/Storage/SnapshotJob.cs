using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

/// <summary>
/// Loads a snapshot, asks the engine to ensure what is wanted, writes down what is observed. It can be run at any time, any number of times, and
/// killed anywhere. While the engine is asked for a copy, the jobs of the volume and of its instance stand still.
/// </summary>
public sealed partial class SnapshotJob(IDbContextFactory<PortalDb> dbs, IVolumeEngine engine, Nudges nudges, TimeProvider clock, ILogger<SnapshotJob> log) : ISnapshotJob
{
    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance snapshot");
        activity?.SetTag("snapshot", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);
        if (lease is null)
        {
            nudges.Soon(id);
            return;
        }

        if (await db.Snapshots.Include(snapshot => snapshot.Volume).SingleOrDefaultAsync(snapshot => snapshot.Id == id, ct) is not { IsUnsettled: true } snapshot)
        {
            return;
        }

        // After a failure the sweep comes back: an engine that is away need not be asked by each snapshot four times a second.
        if (await TryAsync(db, snapshot, ct) && snapshot.IsUnsettled)
        {
            nudges.Soon(id, PauseOf(snapshot));
        }
    }

    /// <summary>A small copy is whole in a moment and is looked at sooner than a large one: it is seen to be late by half of what it took, at most.</summary>
    private TimeSpan PauseOf(Snapshot snapshot) =>
        snapshot.TakenAt is { } begun && (clock.GetUtcNow() - begun) / 2 is var half && half < Nudges.Pause ? half : Nudges.Pause;

    /// <summary>False if the engine failed.</summary>
    private async Task<bool> TryAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        var failed = false;
        try
        {
            await (snapshot.IsToGo ? RemoveAsync(db, snapshot, ct) : TakeAsync(db, snapshot, ct));
        }
        catch (EngineException error)
        {
            WriteDown(snapshot, error);
            failed = true;
        }

        try
        {
            await SaveAsync(db, snapshot, ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The customer asked for something else meanwhile; what was observed is observed again.
            LogOvertaken(log, snapshot.Id);
        }

        return !failed;
    }

    private async Task TakeAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        await using var volume = await Lease.TryTakeAsync(db, snapshot.VolumeId, ct);
        await using var machine = volume is null || snapshot.Volume.InstanceId is null ? null : await Lease.TryTakeAsync(db, snapshot.Volume.InstanceId, ct);
        if (volume is null || (snapshot.Volume.InstanceId is not null && machine is null))
        {
            return;
        }

        snapshot.Observe(await engine.EnsureSnapshotAsync(snapshot.Spec, ct), clock.GetUtcNow());
    }

    private async Task RemoveAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        // What was promised from it is made first; from then on it is whole without it.
        if (await db.Volumes.AnyAsync(volume => volume.SnapshotId == snapshot.Id && volume.State == VolumeState.Creating && volume.Goal != VolumeGoal.Deleted, ct))
        {
            snapshot.Wait("A volume is being made from it; it is deleted as soon as that is done.");
            return;
        }

        await engine.RemoveSnapshotAsync(snapshot.Id, ct);
        snapshot.ObserveRemoved(clock.GetUtcNow());
    }

    /// <summary>State and usage spans in one transaction. Nothing changed writes nothing.</summary>
    private async Task SaveAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        if (db.ChangeTracker.HasChanges())
        {
            await SnapshotMeter.RecordAsync(db, snapshot, clock.GetUtcNow(), ct);
            await db.SaveChangesAsync(ct);
        }
    }

    private void WriteDown(Snapshot snapshot, EngineException error)
    {
        if (snapshot.Waiting is null)
        {
            LogEngine(log, snapshot.Id, error.Fault, error.Detail);
        }

        switch (error.Fault)
        {
            case EngineFault.Unavailable:
                snapshot.Wait("The engine is away or busy at the moment. Your request is kept and goes on by itself.");
                break;
            case EngineFault.Missing:
                snapshot.ObserveRefused("The volume was gone before its snapshot was taken.");
                break;
            default:
                snapshot.ObserveRefused(error.Message);
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Snapshot} was changed by its customer meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string snapshot);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Snapshot}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string snapshot, EngineFault fault, string reason);
}
