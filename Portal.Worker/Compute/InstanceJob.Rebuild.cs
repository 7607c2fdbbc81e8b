using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Storage;

namespace Portal.Worker.Compute;

public sealed partial class InstanceJob
{
    /// <summary>The machine goes, its disk is exchanged, and it is put together as a new one is. Killed anywhere before the exchange is saved, it begins again.</summary>
    private async Task RebuildAsync(PortalDb db, Instance instance, CancellationToken ct)
    {
        await TakeApartAsync(instance, ct);
        var image = await db.Images.SingleAsync(image => image.Id == instance.RebuildImageId, ct);
        var type = await db.VolumeTypes.SingleAsync(type => type.Id == VolumeType.Standard, ct);
        var old = instance.ObserveTakenApart(image, type, clock.GetUtcNow());
        await SaveAsync(db, instance, ct);
        Nudge(old is null ? [] : [old]);
        await EnsureAsync(db, instance, ct);
    }

    /// <summary>Its volumes stay where they are.</summary>
    private async Task TakeApartAsync(Instance instance, CancellationToken ct)
    {
        try
        {
            await engine.RemoveAsync(instance.Spec(clock.GetUtcNow()), ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing)
        {
            // Gone already, which is what was wanted.
        }
    }
}
