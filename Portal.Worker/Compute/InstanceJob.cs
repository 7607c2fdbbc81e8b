using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Networking;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

/// <summary>
/// Loads an instance, asks the engine to ensure what is wanted, writes down what is observed. It can be run at any time, any number of
/// times, and killed anywhere: what it did is found again, what it did not do is done by the next run.
/// </summary>
public sealed partial class InstanceJob(
    IDbContextFactory<PortalDb> dbs,
    IComputeEngine engine,
    IVolumeEngine volumes,
    NetworkApplier networks,
    Nudges nudges,
    TimeProvider clock,
    ILogger<InstanceJob> log
) : IInstanceJob
{
    /// <summary>
    /// Short, while it boots: each look waits a moment itself, and a guest that comes up between two of them is found late.
    /// </summary>
    private static readonly TimeSpan BetweenKnocks = Nudges.Pause / 3;

    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance instance");
        activity?.SetTag("instance", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);
        if (lease is null)
        {
            // Another run is at it, perhaps with an older goal: come back.
            nudges.Soon(id);
            return;
        }

        if (await db.Instances.WithParts().SingleOrDefaultAsync(instance => instance.Id == id, ct) is not { IsUnsettled: true } instance)
        {
            return;
        }

        try
        {
            await AdvanceAsync(db, instance, ct);
        }
        catch (EngineException error)
        {
            // Not soon again: the sweep comes back every two seconds, and an engine that is away need not be asked by each instance four
            // times in one.
            await WriteDownAsync(db, instance, error, ct);
            return;
        }
        catch (DbUpdateConcurrencyException)
        {
            // The customer asked for something else meanwhile; what was observed is observed again.
            LogOvertaken(log, id);
        }

        if (instance.IsUnsettled)
        {
            nudges.Soon(id, instance.State is InstanceState.Running ? BetweenKnocks : Nudges.Pause);
        }
    }

    private Task AdvanceAsync(PortalDb db, Instance instance, CancellationToken ct) =>
        instance switch
        {
            { Goal: InstanceGoal.Terminated } => RemoveAsync(db, instance, ct),
            { RebuildImageId: not null } => RebuildAsync(db, instance, ct),
            { State: InstanceState.Running, Goal: InstanceGoal.Running, IsRebooting: false } => WatchAsync(db, instance, ct),
            _ => EnsureAsync(db, instance, ct),
        };

    /// <summary>
    /// Step by step, each saved as it is reached. A machine that is to be stopped takes the same way: after a power cut its network is gone
    /// too.
    /// </summary>
    private async Task EnsureAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        if (
            instance is { State: InstanceState.Running, Goal: InstanceGoal.Running }
            && await engine.ObserveAsync(instance.Spec(clock.GetUtcNow()), ct) is { Power: not MachinePower.Running } lost
        )
        {
            // It was to be restarted, and its host went away before: that it was off meanwhile is seen now or never.
            instance.Observe(lost, clock.GetUtcNow());
            await SaveAsync(db, instance, ct);
        }

        // Neither needs the other. Whatever becomes of the network, nothing of this run goes on behind its end.
        var making = MakeVolumesAsync(instance, ct);
        try
        {
            await networks.EnsureAsync(db, instance.NetworkId, ct);
        }
        finally
        {
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        instance.ObserveStep(InstanceStep.Address, clock.GetUtcNow());
        if (!making.IsCompleted)
        {
            await SaveAsync(db, instance, ct);
        }

        await RecordAsync(db, await making, ct);
        instance.ObserveStep(InstanceStep.Disk, clock.GetUtcNow());
        await SaveAsync(db, instance, ct);

        instance.Observe(await engine.EnsureMachineAsync(instance.Spec(clock.GetUtcNow()), ct), clock.GetUtcNow());
        instance.Volumes.SingleOrDefault(volume => volume.IsRoot)?.ObserveAttached(clock.GetUtcNow());
        await SaveAsync(db, instance, ct);
        Nudge(instance.Volumes);
    }

    /// <summary>What is made together with the instance is there before it boots, so that its first script finds it.</summary>
    private async Task<List<Made>> MakeVolumesAsync(Instance instance, CancellationToken ct)
    {
        var made = new List<Made>();
        foreach (var volume in instance.Volumes.Where(volume => volume is { State: VolumeState.Creating, Goal: VolumeGoal.InUse }))
        {
            try
            {
                made.Add(new(volume, (await volumes.EnsureVolumeAsync(volume.Spec, ct)).SizeGiB, null));
            }
            catch (EngineException error) when (error.Fault is EngineFault.Rejected && !volume.IsRoot)
            {
                // It cannot be had. The instance starts without it, as it would if the volume had been asked for afterwards.
                made.Add(new(volume, 0, error));
            }
        }

        return made;
    }

    private async Task RecordAsync(PortalDb db, IEnumerable<Made> made, CancellationToken ct)
    {
        foreach (var (volume, sizeGiB, refused) in made)
        {
            if (refused is null)
            {
                volume.ObserveMade(sizeGiB);
            }
            else
            {
                volume.ObserveRefused(refused.Message);
                LogEngine(log, volume.Id, refused.Fault, refused.Detail);
            }

            await VolumeMeter.RecordAsync(db, volume, clock.GetUtcNow(), ct);
        }
    }

    /// <summary>Their own job goes on with them.</summary>
    private void Nudge(IEnumerable<Volume> some)
    {
        foreach (var volume in some.Where(volume => volume.IsUnsettled))
        {
            nudges.Now(volume.Id);
        }
    }

    /// <summary>It runs; only its ssh server has not answered yet.</summary>
    private async Task WatchAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        instance.Observe(await engine.ObserveAsync(instance.Spec(clock.GetUtcNow()), ct), clock.GetUtcNow());
        await SaveAsync(db, instance, ct);
    }

    private async Task RemoveAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        // Said before it is done, so that the compute stops costing when the power is cut and not when the disk is gone.
        instance.Observe(new MachineObservation(MachinePower.Off, instance.RebootsDone, false, null, null), clock.GetUtcNow());
        await TakeApartAsync(instance, ct);

        // Its volumes go or stay by themselves from now on. The list empties itself as they are let go of.
        var had = instance.Volumes.ToList();

        // Together with a change of its network, which must forget its interfaces, whatever happens in between.
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            await db.LockInstancesAsync(instance.AccountId, [instance.Id], ct);
            (await db.LockNetworkAsync(instance.AccountId, instance.NetworkId, ct))?.Change(clock.GetUtcNow());
            instance.ObserveRemoved(clock.GetUtcNow());
            had.ForEach(volume => volume.ObserveInstanceGone(clock.GetUtcNow()));
            await SaveAsync(db, instance, ct);
            await transaction.CommitAsync(ct);
        }

        Nudge(had);
        await networks.EnsureAsync(db, instance.NetworkId, ct);
    }

    /// <summary>State and usage spans in one transaction. Nothing changed writes nothing.</summary>
    private async Task SaveAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        if (db.ChangeTracker.HasChanges())
        {
            await InstanceMeter.RecordObservedAsync(db, instance, clock.GetUtcNow(), ct);
            await db.SaveChangesAsync(ct);
        }
    }

    private async Task WriteDownAsync(PortalDb db, Instance instance, EngineException error, CancellationToken ct)
    {
        var begins = instance.Waiting is null;
        if (error.Fault is EngineFault.Unavailable || instance.Goal is InstanceGoal.Terminated)
        {
            instance.Wait(WaitingFor.Region);
        }
        else if (await MayBeOnAsync(instance, ct))
        {
            // Failed is not looked after and not billed: a machine that goes on running must not become that.
            instance.Wait(WaitingFor.AnotherTry);
        }
        else
        {
            instance.Fail(error.Message);
        }

        if (begins)
        {
            LogEngine(log, instance.Id, error.Fault, error.Detail);
        }

        await SaveAsync(db, instance, ct);
    }

    private async Task<bool> MayBeOnAsync(Instance instance, CancellationToken ct)
    {
        try
        {
            return (await engine.ObserveAsync(instance.Spec(clock.GetUtcNow()), ct)).Power is MachinePower.Running;
        }
        catch (EngineException)
        {
            return instance.State is InstanceState.Running or InstanceState.Stopping;
        }
    }

    /// <param name="Refused">Why the engine will not make it; null if it is there.</param>
    private sealed record Made(Volume Volume, int SizeGiB, EngineException? Refused);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Instance} was changed by its customer meanwhile; it is looked at again")]
    private static partial void LogOvertaken(ILogger log, string instance);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string resource, EngineFault fault, string reason);
}
