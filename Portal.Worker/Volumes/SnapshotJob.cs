using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>
/// Loads a snapshot, asks the engine to ensure what is wanted, writes down what is observed. It can be run at any time, any number of
/// times, and killed anywhere. While the engine is asked for a copy, the jobs of the volume and of its instance stand still.
/// </summary>
public sealed class SnapshotJob(
    IDbContextFactory<PortalDb> dbs,
    IVolumeEngine engine,
    Nudges nudges,
    TimeProvider clock,
    ILogger<SnapshotJob> log
) : ResourceJob<Snapshot>(dbs, nudges, clock, log), ISnapshotJob
{
    protected override async Task<Snapshot?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.Snapshots.Include(snapshot => snapshot.Volume).SingleOrDefaultAsync(snapshot => snapshot.Id == id, ct)
            is { IsUnsettled: true } snapshot
            ? snapshot
            : null;

    protected override Task AdvanceAsync(PortalDb db, Snapshot snapshot, CancellationToken ct) =>
        snapshot.IsDeleting ? RemoveAsync(db, snapshot, ct) : TakeAsync(db, snapshot, ct);

    protected override Task RecordAsync(PortalDb db, Snapshot snapshot, CancellationToken ct) =>
        SnapshotMeter.RecordAsync(db, snapshot, Now, ct);

    /// <summary>
    /// A small copy is whole in a moment and is looked at sooner than a large one: it is seen to be late by half of what it took, at most.
    /// </summary>
    protected override TimeSpan PauseOf(Snapshot snapshot) =>
        snapshot.TakenAt is { } begun && (Now - begun) / 2 is var half && half < Nudges.Pause ? half : Nudges.Pause;

    private async Task TakeAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        await using var volume = await Lease.TryTakeAsync(db, snapshot.VolumeId, ct);
        await using var machine =
            volume is null || snapshot.Volume.InstanceId is null ? null : await Lease.TryTakeAsync(db, snapshot.Volume.InstanceId, ct);
        if (volume is null || (snapshot.Volume.InstanceId is not null && machine is null))
        {
            return;
        }

        snapshot.Observe(await engine.EnsureSnapshotAsync(snapshot.Spec, ct), Now);
    }

    private async Task RemoveAsync(PortalDb db, Snapshot snapshot, CancellationToken ct)
    {
        // What was promised from it is made first; from then on it is whole without it. A rebuild hands the promise from the instance to
        // its new disk: whoever asked the other way round could miss both.
        if (
            await db.Instances.AnyAsync(
                instance =>
                    instance.AccountId == snapshot.AccountId
                    && instance.RebuildSnapshotId == snapshot.Id
                    && instance.Goal != InstanceGoal.Terminated,
                ct
            )
        )
        {
            snapshot.Wait(WaitingFor.Rebuild);
            return;
        }

        if (
            await db.Volumes.AnyAsync(
                volume => volume.SnapshotId == snapshot.Id && volume.State == VolumeState.Creating && volume.Goal != VolumeGoal.Deleted,
                ct
            )
        )
        {
            snapshot.Wait(WaitingFor.NewVolume);
            return;
        }

        await engine.RemoveSnapshotAsync(snapshot.Id, ct);
        snapshot.ObserveRemoved(Now);
    }

    protected override void WriteDown(Snapshot snapshot, EngineException error)
    {
        switch (error.Fault)
        {
            case EngineFault.Unavailable:
                snapshot.Wait(WaitingFor.RegionOrTurn);
                break;
            case EngineFault.Missing:
                snapshot.ObserveRefused("The volume was gone before its snapshot was taken.");
                break;
            default:
                snapshot.ObserveRefused(error.Message);
                break;
        }
    }
}
