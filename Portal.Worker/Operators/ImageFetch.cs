using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>Fetches the images that an operator added by address, one at a time, and writes down how far it is.</summary>
public sealed class ImageFetch(
    IDbContextFactory<PortalDb> dbs,
    IComputeEngine engine,
    RegionName region,
    TimeProvider clock,
    ILogger<ImageFetch> log
) : Sweep(TimeSpan.FromSeconds(5), clock, log)
{
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var round = new Round();
        var wanted = await db
            .Images.Where(image => image.RegionId == region.Id && image.State == ImageState.Preparing && image.Url != null)
            .Select(image => image.Id)
            .ToListAsync(ct);
        await round.EachAsync(wanted, id => id, FetchAsync, ct);
        round.End();
    }

    private async Task FetchAsync(string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.Images.FirstOrDefaultAsync(image => image.Id == id && image.State == ImageState.Preparing, ct) is not { } image)
        {
            return;
        }

        try
        {
            await FetchAsync(db, image, ct);
            (image.State, image.LastError) = (ImageState.Available, null);
        }
        catch (EngineException error)
        {
            image.LastError = error.Message;
            image.State = error.Fault is EngineFault.Unavailable ? ImageState.Preparing : ImageState.Failed;
        }

        (image.Fetched, image.FetchedOf) = (null, null);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>One that was retired meanwhile is fetched no further: its row is another one than was read.</summary>
    private async Task FetchAsync(PortalDb db, Image image, CancellationToken ct)
    {
        var seen = new Seen();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var fetch = engine.FetchImageAsync(new ImageSource(image.FileName, new Uri(image.Url!), image.Sha256!), seen, stop.Token);
        try
        {
            while (await Task.WhenAny(fetch, Task.Delay(Tell, clock, ct)) != fetch)
            {
                (image.Fetched, image.FetchedOf) = (seen.Last?.Fetched, seen.Last?.Total);
                await db.SaveChangesAsync(ct);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }

        await fetch;
    }

    /// <summary>The last word counts; nobody waits for it.</summary>
    private sealed class Seen : IProgress<ImageProgress>
    {
        public ImageProgress? Last { get; private set; }

        public void Report(ImageProgress value) => Last = value;
    }
}
