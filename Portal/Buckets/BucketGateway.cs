using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// Opens a bucket of the signed-in account for its pages: settings and listings through Portal's own key for the project, addresses that
/// the browser may use itself. Each page asks anew for each thing it does, so that what was deleted, suspended or taken away meanwhile is
/// refused.
/// </summary>
public sealed class BucketGateway(IDbContextFactory<PortalDb> dbs, BucketSecrets secrets, TimeProvider clock)
{
    /// <summary>Where the account's buckets are reached, for what a page tells customers; null where there are none yet.</summary>
    public async Task<ObjectStore?> StoreAsync(string regionId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db.ObjectStores.AsNoTracking().FirstOrDefaultAsync(store => store.Id == regionId, ct);
    }

    /// <summary>The same by its name, which is what addresses hold.</summary>
    public async Task<Outcome<OpenBucket>> OpenNamedAsync(Actor actor, string name, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var id = await db
            .Buckets.Where(bucket =>
                bucket.AccountId == actor.AccountId
                && bucket.Name == name
                && bucket.State != BucketState.Deleted
                && bucket.State != BucketState.Failed
            )
            .Select(bucket => bucket.Id)
            .FirstOrDefaultAsync(ct);
        return id is null ? Refusal.NotFound("There is no such bucket.") : await OpenAsync(actor, id, ct);
    }

    /// <summary>The account's bucket, to be disposed; refused if there is none, or if it cannot be opened now.</summary>
    public async Task<Outcome<OpenBucket>> OpenAsync(Actor actor, string bucketId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var found = await (
            from bucket in db.Buckets.AsNoTracking()
            where bucket.AccountId == actor.AccountId && bucket.Id == bucketId
            join user in db.ObjectStoreUsers on bucket.UserId equals user.Id
            join store in db.ObjectStores on bucket.RegionId equals store.Id
            join account in db.Accounts on bucket.AccountId equals account.Id
            select new
            {
                bucket,
                user,
                store,
                account,
            }
        ).FirstOrDefaultAsync(ct);
        if (found is null)
        {
            return Refusal.NotFound("There is no such bucket.");
        }

        if ((found.account.WhyNotStores ?? Refusal.State(found.bucket.WhyNotOpen)) is { } refusal)
        {
            return refusal;
        }

        return secrets.Project.Open(found.user.SealedSecret) is { } secret
            ? new OpenBucket(found.bucket, found.store, new StoreKey(found.user.AccessKeyId, secret), clock)
            : Refusal.State("The key to this bucket cannot be read any more. An operator has to give it a new one.");
    }
}
