using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

/// <summary>
/// Loads a volume, asks the engine to ensure what is wanted, writes down what is observed. It can be run at any time, any number of times, and
/// killed anywhere. While an instance has the volume, the instance's job stands still: one of the two changes its machine at a time.
/// </summary>
public sealed partial class VolumeJob(IDbContextFactory<PortalDb> dbs, IVolumeEngine engine, Nudges nudges, TimeProvider clock, ILogger<VolumeJob> log) : IVolumeJob
{
    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance volume");
        activity?.SetTag("volume", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);
        if (lease is null)
        {
            nudges.Soon(id);
            return;
        }

        if (await LoadAsync(db, id, ct) is not { IsUnsettled: true } volume)
        {
            return;
        }

        await using var machine = volume.InstanceId is null ? null : await Lease.TryTakeAsync(db, volume.InstanceId, ct);
        var failed = (volume.InstanceId is null || machine is not null) && !await TryAsync(db, volume, ct);

        // After a failure the sweep comes back: an engine that is away need not be asked by each volume four times a second.
        if (volume.IsUnsettled && !failed)
        {
            nudges.Soon(id);
        }
    }

    private static Task<Volume?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        db.Volumes.Include(volume => volume.Type).Include(volume => volume.Image).SingleOrDefaultAsync(volume => volume.Id == id, ct);

    /// <summary>False if the engine failed.</summary>
    private async Task<bool> TryAsync(PortalDb db, Volume volume, CancellationToken ct)
    {
        var failed = false;
        try
        {
            await (await IsBeingCopiedAsync(db, volume, ct) ? WaitAsync(volume) : AdvanceAsync(volume, ct));
        }
        catch (EngineException error)
        {
            WriteDown(volume, error);
            failed = true;
        }

        try
        {
            await SaveAsync(db, volume, ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The customer asked for something else meanwhile; what was observed is observed again.
            LogOvertaken(log, volume.Id);
        }

        return !failed;
    }

    /// <summary>A machine does not let go of a disk that is being copied, and it cannot be resized. Its own making is the first of all.</summary>
    private static async Task<bool> IsBeingCopiedAsync(PortalDb db, Volume volume, CancellationToken ct) =>
        volume.State is not VolumeState.Creating && await db.Snapshots.AnyAsync(snapshot => snapshot.VolumeId == volume.Id && snapshot.State == SnapshotState.Pending && !snapshot.IsToGo, ct);

    private Task WaitAsync(Volume volume)
    {
        volume.WaitForSnapshot(clock.GetUtcNow());
        return Task.CompletedTask;
    }

    private Task AdvanceAsync(Volume volume, CancellationToken ct) => volume switch
    {
        { Goal: VolumeGoal.Deleted } => RemoveAsync(volume, ct),
        { State: VolumeState.Creating } or { IsGrowing: true } => MakeAsync(volume, ct),
        { Goal: VolumeGoal.InUse } => AttachAsync(volume, ct),
        _ => DetachAsync(volume, ct),
    };

    private async Task MakeAsync(Volume volume, CancellationToken ct) => volume.ObserveMade((await engine.EnsureVolumeAsync(volume.Spec, ct)).SizeGiB);

    private async Task AttachAsync(Volume volume, CancellationToken ct)
    {
        await engine.EnsureAttachedAsync(new VolumeAttachment(volume.Spec, volume.Device!), volume.InstanceId!, ct);
        volume.ObserveAttached(clock.GetUtcNow());
    }

    private async Task DetachAsync(Volume volume, CancellationToken ct)
    {
        var seen = await engine.EnsureDetachedAsync(volume.Id, volume.InstanceId!, ct);
        if (seen.InstanceId is null)
        {
            volume.ObserveDetached();
        }
        else
        {
            volume.Wait("The guest has not let go of it yet.");
        }
    }

    private async Task RemoveAsync(Volume volume, CancellationToken ct)
    {
        await engine.RemoveVolumeAsync(volume.Id, ct);
        volume.ObserveRemoved(clock.GetUtcNow());
    }

    /// <summary>State and usage spans in one transaction. Nothing changed writes nothing.</summary>
    private async Task SaveAsync(PortalDb db, Volume volume, CancellationToken ct)
    {
        if (db.ChangeTracker.HasChanges())
        {
            await VolumeMeter.RecordAsync(db, volume, clock.GetUtcNow(), ct);
            await db.SaveChangesAsync(ct);
        }
    }

    private void WriteDown(Volume volume, EngineException error)
    {
        if (volume.Waiting is null)
        {
            LogEngine(log, volume.Id, error.Fault, error.Detail);
        }

        switch (error.Fault)
        {
            case EngineFault.Rejected:
                volume.ObserveRefused(error.Message);
                break;
            case EngineFault.Missing when volume is { State: VolumeState.Available, Goal: VolumeGoal.InUse }:
                volume.Wait("Its instance has no machine yet. It gets the volume as soon as it has.");
                break;
            default:
                volume.Wait("The engine is away at the moment. Your request is kept and goes on by itself when it is back.");
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Volume} was changed by its customer meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string volume);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Volume}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string volume, EngineFault fault, string reason);
}
