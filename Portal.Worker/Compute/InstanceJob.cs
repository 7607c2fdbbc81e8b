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
) : ResourceJob<Instance>(dbs, nudges, clock, log), IInstanceJob
{
    /// <summary>
    /// Short, while it boots: each look waits a moment itself, and a guest that comes up between two of them is found late.
    /// </summary>
    private static readonly TimeSpan BetweenKnocks = Nudges.Pause / 3;

    protected override async Task<Instance?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.Instances.WithParts().SingleOrDefaultAsync(instance => instance.Id == id, ct) is { IsUnsettled: true } instance
            ? instance
            : null;

    /// <summary>
    /// Its parts are several queries, and it is looked at twelve times a second while it boots: the row at hand tells enough.
    /// </summary>
    protected override Task<bool> IsLeftAsync(PortalDb db, Instance instance, CancellationToken ct) =>
        Task.FromResult(instance.IsUnsettled);

    protected override TimeSpan PauseOf(Instance instance) => instance.State is InstanceState.Running ? BetweenKnocks : Nudges.Pause;

    protected override Task RecordAsync(PortalDb db, Instance instance, CancellationToken ct) =>
        InstanceMeter.RecordObservedAsync(db, instance, Now, ct);

    protected override Task AdvanceAsync(PortalDb db, Instance instance, CancellationToken ct) =>
        instance switch
        {
            { Goal: InstanceGoal.Terminated } => RemoveAsync(db, instance, ct),
            { RebuildImageId: not null } => RebuildAsync(db, instance, ct),
            { State: InstanceState.Running, Goal: InstanceGoal.Running, IsRebooting: false } => WatchAsync(instance, ct),
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
            && await engine.ObserveAsync(instance.Spec(Now), ct) is { Power: not MachinePower.Running } lost
        )
        {
            // It was to be restarted, and its host went away before: that it was off meanwhile is seen now or never.
            instance.Observe(lost, Now);
            await SaveAsync(db, instance, ct);
        }

        // Neither needs the other. Whatever becomes of the network, nothing of this run goes on behind its end.
        var (making, isApplied) = (MakeVolumesAsync(instance, ct), false);
        try
        {
            isApplied = await networks.EnsureAsync(db, instance.NetworkId, ct);
        }
        finally
        {
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (isApplied)
        {
            instance.ObserveStep(InstanceStep.Address, Now);
        }

        if (!making.IsCompleted)
        {
            await SaveAsync(db, instance, ct);
        }

        await RecordMadeAsync(db, await making, ct);
        var isMade = !instance.Volumes.Any(IsToBeMade);
        if (isMade)
        {
            instance.ObserveStep(InstanceStep.Disk, Now);
        }

        await SaveAsync(db, instance, ct);
        if (!isApplied || !isMade)
        {
            // The engine is still at it, and is asked again soon.
            return;
        }

        instance.Observe(await engine.EnsureMachineAsync(instance.Spec(Now), ct), Now);
        instance.Volumes.SingleOrDefault(volume => volume.IsRoot)?.ObserveAttached(Now);
        await SaveAsync(db, instance, ct);
        Nudge(instance.Volumes);
    }

    /// <summary>
    /// What is made together with the instance is there before it boots, so that its first script finds it. What the engine is still at is
    /// not among what is returned.
    /// </summary>
    private async Task<List<Made>> MakeVolumesAsync(Instance instance, CancellationToken ct)
    {
        var made = new List<Made>();
        foreach (var volume in instance.Volumes.Where(IsToBeMade))
        {
            try
            {
                if (await volumes.EnsureVolumeAsync(volume.Spec, ct) is { IsUnderWay: false } seen)
                {
                    made.Add(new(volume, seen.SizeGiB, null));
                }
            }
            catch (EngineException error) when (error.Fault is EngineFault.Rejected && !volume.IsRoot)
            {
                // It cannot be had. The instance starts without it, as it would if the volume had been asked for afterwards.
                made.Add(new(volume, 0, error));
            }
        }

        return made;
    }

    private static bool IsToBeMade(Volume volume) => volume is { State: VolumeState.Creating, Goal: VolumeGoal.InUse };

    private async Task RecordMadeAsync(PortalDb db, IEnumerable<Made> made, CancellationToken ct)
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
                LogEngine(volume.Id, refused);
            }

            await VolumeMeter.RecordAsync(db, volume, Now, ct);
        }
    }

    /// <summary>Their own job goes on with them.</summary>
    private void Nudge(IEnumerable<Volume> some)
    {
        foreach (var volume in some.Where(volume => volume.IsUnsettled))
        {
            Nudges.Now(volume.Id);
        }
    }

    /// <summary>It runs; only its ssh server has not answered yet.</summary>
    private async Task WatchAsync(Instance instance, CancellationToken ct) =>
        instance.Observe(await engine.ObserveAsync(instance.Spec(Now), ct), Now);

    private async Task RemoveAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        // Said before it is done, so that the compute stops costing when the power is cut and not when the disk is gone.
        instance.Observe(new MachineObservation(MachinePower.Off, instance.RebootsDone, false, null, null), Now);
        await TakeApartAsync(instance, ct);

        // Its volumes go or stay by themselves from now on. The list empties itself as they are let go of.
        var had = instance.Volumes.ToList();

        // Together with a change of its network, which must forget its interfaces, whatever happens in between.
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            await db.LockInstancesAsync(instance.AccountId, [instance.Id], ct);
            (await db.LockNetworkAsync(instance.AccountId, instance.NetworkId, ct))?.Change(Now);
            instance.ObserveRemoved(Now);
            had.ForEach(volume => volume.ObserveInstanceGone(Now));
            await SaveAsync(db, instance, ct);
            await transaction.CommitAsync(ct);
        }

        Nudge(had);
        await networks.EnsureAsync(db, instance.NetworkId, ct);
    }

    protected override void WriteDown(Instance instance, EngineException error)
    {
        if (error.Fault is EngineFault.Unavailable || instance.Goal is InstanceGoal.Terminated)
        {
            instance.Wait(WaitingFor.Region);
        }
        else
        {
            instance.Fail(error.Message);
        }
    }

    /// <summary>Failed is not looked after and not billed: a machine that goes on running must not become that.</summary>
    protected override async Task WriteDownAsync(Instance instance, EngineException error, CancellationToken ct)
    {
        if (error.Fault is not EngineFault.Unavailable && instance.Goal is not InstanceGoal.Terminated && await MayBeOnAsync(instance, ct))
        {
            instance.Wait(WaitingFor.AnotherTry);
        }
        else
        {
            WriteDown(instance, error);
        }
    }

    private async Task<bool> MayBeOnAsync(Instance instance, CancellationToken ct)
    {
        try
        {
            return (await engine.ObserveAsync(instance.Spec(Now), ct)).Power is MachinePower.Running;
        }
        catch (EngineException)
        {
            return instance.State is InstanceState.Running or InstanceState.Stopping;
        }
    }

    /// <param name="Refused">Why the engine will not make it; null if it is there.</param>
    private sealed record Made(Volume Volume, int SizeGiB, EngineException? Refused);
}
