using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

/// <summary>
/// Loads a volume, asks the engine to ensure what is wanted, writes down what is observed. It can be run at any time, any number of times,
/// and killed anywhere. While an instance has the volume, the instance's job stands still: one of the two changes its machine at a time.
/// </summary>
public sealed class VolumeJob(
    IDbContextFactory<PortalDb> dbs,
    IVolumeEngine engine,
    Nudges nudges,
    TimeProvider clock,
    ILogger<VolumeJob> log
) : ResourceJob<Volume>(dbs, nudges, clock, log), IVolumeJob
{
    protected override async Task<Volume?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.Volumes.Include(volume => volume.Type).Include(volume => volume.Image).SingleOrDefaultAsync(volume => volume.Id == id, ct)
            is { IsUnsettled: true } volume
            ? volume
            : null;

    protected override async Task<bool> TryAsync(PortalDb db, Volume volume, CancellationToken ct)
    {
        await using var machine = volume.InstanceId is null ? null : await Lease.TryTakeAsync(db, volume.InstanceId, ct);
        return (volume.InstanceId is not null && machine is null) || await base.TryAsync(db, volume, ct);
    }

    protected override async Task AdvanceAsync(PortalDb db, Volume volume, CancellationToken ct) =>
        await (await IsBeingCopiedAsync(db, volume, ct) ? WaitAsync(volume) : AdvanceAsync(volume, ct));

    protected override Task RecordAsync(PortalDb db, Volume volume, CancellationToken ct) => VolumeMeter.RecordAsync(db, volume, Now, ct);

    /// <summary>
    /// A machine does not let go of a disk that is being copied, and it cannot be resized. Its own making is the first of all.
    /// </summary>
    private static async Task<bool> IsBeingCopiedAsync(PortalDb db, Volume volume, CancellationToken ct) =>
        volume.State is not VolumeState.Creating
        && await db.Snapshots.AnyAsync(
            snapshot => snapshot.VolumeId == volume.Id && snapshot.State == SnapshotState.Pending && !snapshot.IsDeleting,
            ct
        );

    private Task WaitAsync(Volume volume)
    {
        volume.WaitForSnapshot(Now);
        return Task.CompletedTask;
    }

    private Task AdvanceAsync(Volume volume, CancellationToken ct) =>
        volume switch
        {
            { Goal: VolumeGoal.Deleted } => RemoveAsync(volume, ct),
            { State: VolumeState.Creating } or { IsGrowing: true } => MakeAsync(volume, ct),
            { Goal: VolumeGoal.InUse } => AttachAsync(volume, ct),
            _ => DetachAsync(volume, ct),
        };

    private async Task MakeAsync(Volume volume, CancellationToken ct)
    {
        if (await engine.EnsureVolumeAsync(volume.Spec, ct) is { IsUnderWay: false } made)
        {
            volume.ObserveMade(made.SizeGiB);
        }
    }

    private async Task AttachAsync(Volume volume, CancellationToken ct)
    {
        var attachment = new VolumeAttachment(volume.Spec, volume.Device!);
        if (await engine.EnsureAttachedAsync(attachment, volume.InstanceId!, ct) is { IsUnderWay: false })
        {
            volume.ObserveAttached(Now);
        }
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
            volume.Wait(WaitingFor.Guest);
        }
    }

    private async Task RemoveAsync(Volume volume, CancellationToken ct)
    {
        await engine.RemoveVolumeAsync(volume.Id, ct);
        volume.ObserveRemoved(Now);
    }

    protected override void WriteDown(Volume volume, EngineException error)
    {
        switch (error.Fault)
        {
            case EngineFault.Rejected:
                volume.ObserveRefused(error.Message);
                break;
            case EngineFault.Missing when volume is { State: VolumeState.Available, Goal: VolumeGoal.InUse }:
                volume.Wait(WaitingFor.Machine);
                break;
            default:
                volume.Wait(WaitingFor.Region);
                break;
        }
    }
}
