using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// Makes a project's user in the store, keeps it as suspended and as limited as its account is, and removes it with all that it owns.
/// </summary>
public sealed class ObjectStoreUserJob(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    StorePlaces places,
    Nudges nudges,
    TimeProvider clock,
    ILogger<ObjectStoreUserJob> log
) : StoreJob<ObjectStoreUser>(dbs, stores, places, nudges, clock, log), IObjectStoreUserJob
{
    protected override async Task<ObjectStoreUser?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.ObjectStoreUsers.SingleOrDefaultAsync(user => user.Id == id, ct) is { } user
        && user.IsUnsettled(await AccountAsync(db, user, ct), await IsStoreFullAsync(db, user, ct))
            ? user
            : null;

    protected override async Task AdvanceAsync(PortalDb db, IObjectStore store, ObjectStoreUser user, CancellationToken ct)
    {
        var account = await AccountAsync(db, user, ct);
        if (user.Goal is ObjectStoreUserGoal.Removed)
        {
            await RemoveAsync(db, store, user, account, ct);
        }
        else
        {
            await EnsureAsync(store, user, user.Wanted(account, await IsStoreFullAsync(db, user, ct)), ct);
        }
    }

    protected override void WriteDown(ObjectStoreUser user, EngineException error)
    {
        user.Differs(Now);
        user.Wait(error.Message);
    }

    private async Task EnsureAsync(IObjectStore store, ObjectStoreUser user, StoreUser wanted, CancellationToken ct)
    {
        await store.EnsureUserAsync(wanted, ct);
        await store.EnsureKeyAsync(user.Id, Stores.KeyOf(user), ct);
        user.Observe(wanted);
    }

    /// <summary>
    /// First the customer's keys, then what is in the buckets, at last the user. A suspended one is let in again in between, since only he
    /// may delete what is his; by then nobody but Portal has a key of his.
    /// </summary>
    private async Task RemoveAsync(PortalDb db, IObjectStore store, ObjectStoreUser user, Account account, CancellationToken ct)
    {
        if (await AreKeysLeftAsync(db, user, ct))
        {
            return;
        }

        if (user.State is ObjectStoreUserState.Pending || user.IsSuspended)
        {
            await EnsureAsync(store, user, user.Wanted(account, isStoreFull: false) with { IsSuspended = false }, ct);
            user.ObserveProgress(Now);
        }

        if (await AreBucketsLeftAsync(db, user, ct))
        {
            return;
        }

        // Rejected while there is a bucket that Portal has not noticed yet: it is found when usage is measured.
        await store.RemoveUserAsync(user.Id, ct);
        user.ObserveRemoved(Now);
    }

    private async Task<bool> AreKeysLeftAsync(PortalDb db, ObjectStoreUser user, CancellationToken ct)
    {
        var keys = await db.AccessKeys.Where(key => key.UserId == user.Id && key.State != AccessKeyState.Revoked).ToListAsync(ct);
        foreach (var key in keys)
        {
            if (key.RequestRevoke(Now).IsDone)
            {
                db.AuditEntries.Add(Actor.Portal(key.AccountId).Audit(Now, "DeleteAccessKey", key.Id, after: new { key.Status }));
            }

            Nudges.Soon(key.Id);
        }

        return keys.Count > 0;
    }

    private async Task<bool> AreBucketsLeftAsync(PortalDb db, ObjectStoreUser user, CancellationToken ct)
    {
        var buckets = await db.Buckets.Where(bucket => bucket.UserId == user.Id && bucket.State != BucketState.Deleted).ToListAsync(ct);
        foreach (var bucket in buckets)
        {
            if (bucket.RequestDelete(emptyFirst: true, Now).IsDone)
            {
                db.AuditEntries.Add(
                    Actor.Portal(bucket.AccountId).Audit(Now, "DeleteBucket", bucket.Id, after: new { bucket.Status, EmptyFirst = true })
                );
            }

            Nudges.Soon(bucket.Id);
        }

        return buckets.Count > 0;
    }

    private static Task<bool> IsStoreFullAsync(PortalDb db, ObjectStoreUser user, CancellationToken ct) =>
        db.ObjectStores.AnyAsync(store => store.Id == user.RegionId && store.FullSince != null && store.Source == StoreSource.Embedded, ct);

    private static Task<Account> AccountAsync(PortalDb db, ObjectStoreUser user, CancellationToken ct) =>
        db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.AccountId, ct);
}
