using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Worker.Compute;

public sealed partial class InstanceJob
{
    /// <summary>
    /// The machine goes, its disk is exchanged, and it is put together as a new one is. Killed anywhere before the exchange is saved, it
    /// begins again.
    /// </summary>
    private async Task RebuildAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        await TakeApartAsync(instance, ct);
        var image = await db.Images.SingleAsync(image => image.Id == instance.RebuildImageId, ct);
        var type = await db.VolumeTypes.SingleAsync(type => type.Id == VolumeType.Standard, ct);
        var old = instance.ObserveTakenApart(image, type, Now);
        await BackUpNewRootAsync(db, instance, old, ct);
        await SaveAsync(db, instance, ct);
        Nudge(old is null ? [] : [old]);
        await EnsureAsync(db, instance, ct);
    }

    /// <summary>
    /// Whose root disk is backed up goes on being so: the schedule passes to the new disk, and what was taken of the old one stays.
    /// </summary>
    private async Task BackUpNewRootAsync(PortalDb db, Instance instance, Volume? old, CancellationToken ct)
    {
        if (old is not null && await db.BackupSchedules.SingleOrDefaultAsync(schedule => schedule.VolumeId == old.Id, ct) is { } schedule)
        {
            schedule.VolumeId = instance.Volumes.Single(volume => volume.IsRoot).Id;
            db.AuditEntries.Add(
                Actor
                    .Portal(instance.AccountId)
                    .Audit(Now, "UpdateLifecyclePolicy", schedule.VolumeId, new { Volume = old.Id }, new { Volume = schedule.VolumeId })
            );
        }
    }

    /// <summary>Its volumes stay where they are.</summary>
    private async Task TakeApartAsync(Instance instance, CancellationToken ct)
    {
        try
        {
            await engine.RemoveAsync(instance.Spec(Now), ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing)
        {
            // Gone already, which is what was wanted.
        }
    }
}
