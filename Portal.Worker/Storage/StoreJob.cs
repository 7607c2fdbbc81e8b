using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

/// <summary>A job of the region's object store, which it is given open.</summary>
public abstract class StoreJob<T>(IDbContextFactory<PortalDb> dbs, RegionStore stores, Nudges nudges, TimeProvider clock, ILogger log) : ResourceJob<T>(dbs, nudges, clock, log)
    where T : Resource
{
    protected RegionStore Stores => stores;

    protected sealed override async Task AdvanceAsync(PortalDb db, T resource, CancellationToken ct) => await AdvanceAsync(db, await stores.OpenAsync(ct), resource, ct);

    protected abstract Task AdvanceAsync(PortalDb db, IObjectStore store, T resource, CancellationToken ct);
}
