using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>A job of the region's object store, which it is given open, if there is a place for it.</summary>
public abstract class StoreJob<T>(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    StorePlaces places,
    Nudges nudges,
    TimeProvider clock,
    ILogger log
) : ResourceJob<T>(dbs, nudges, clock, log)
    where T : Resource
{
    protected RegionStore Stores => stores;

    protected StorePlaces Places => places;

    protected sealed override async Task AdvanceAsync(PortalDb db, T resource, CancellationToken ct)
    {
        // Without a place nothing is done, and what is left to do is looked at again soon.
        using var place = places.TryTake();
        if (place is not null)
        {
            await AdvanceAsync(db, await stores.OpenAsync(ct), resource, ct);
        }
    }

    protected abstract Task AdvanceAsync(PortalDb db, IObjectStore store, T resource, CancellationToken ct);
}
