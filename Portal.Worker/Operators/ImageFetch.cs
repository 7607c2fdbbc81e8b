using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>Fetches the images that an operator added by address, one at a time.</summary>
public sealed class ImageFetch(IDbContextFactory<PortalDb> dbs, IComputeEngine engine, RegionName region, TimeProvider clock, ILogger<ImageFetch> log)
    : Sweep(TimeSpan.FromSeconds(5), clock, log)
{
    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        foreach (var image in await db.Images.Where(image => image.RegionId == region.Id && image.State == ImageState.Preparing && image.Url != null).ToListAsync(ct))
        {
            try
            {
                await engine.FetchImageAsync(new ImageSource(image.FileName, new Uri(image.Url!), image.Sha256!), ct);
                (image.State, image.LastError) = (ImageState.Available, null);
            }
            catch (EngineException error)
            {
                image.LastError = error.Message;
                image.State = error.Fault is EngineFault.Unavailable ? ImageState.Preparing : ImageState.Failed;
            }

            await db.SaveChangesAsync(ct);
        }
    }
}
