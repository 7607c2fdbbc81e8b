using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;

namespace Portal.Worker.Buckets;

/// <summary>The object store of this worker's region, opened as its administrator, and the keys that Portal has of its users.</summary>
public sealed class RegionStore(IDbContextFactory<PortalDb> dbs, IObjectStores stores, BucketSecrets secrets, RegionName region)
{
    /// <summary>
    /// Unavailable while there is none. One of which <see cref="StorePatrol"/> says that it is away is not asked again by each resource, or
    /// their waiting would take all places that the jobs have.
    /// </summary>
    public async Task<IObjectStore> OpenAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db.ObjectStores.AsNoTracking().FirstOrDefaultAsync(store => store.Id == region.Id, ct) switch
        {
            null => throw new EngineException(EngineFault.Unavailable, "This region has no object store."),
            { AwaySince: not null } away => throw new EngineException(
                EngineFault.Unavailable,
                away.AwayReason ?? "The object store is away."
            ),
            var known => Open(known),
        };
    }

    public IObjectStore Open(ObjectStore store) =>
        secrets.Admin.Open(store.SealedAdminSecret) is { } secret && store.AdminKeyId is { } id
            ? stores.Open(new StoreAccess(new Uri(store.OwnEndpoint), store.SigningRegion, new StoreKey(id, secret)))
            : throw new EngineException(EngineFault.Unavailable, "Portal has no administrator's key to the object store.");

    /// <summary>Portal's own key for a project.</summary>
    public StoreKey KeyOf(ObjectStoreUser user) =>
        secrets.Project.Open(user.SealedSecret) is { } secret
            ? new StoreKey(user.AccessKeyId, secret)
            : throw new EngineException(EngineFault.Unavailable, "Portal's own key for the project cannot be opened any more.");
}
