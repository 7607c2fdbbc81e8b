using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// Hands a key to the store and forgets its secret; takes it back. A limited one is a user of its own there, who gets in by the buckets'
/// policies, which the buckets' own jobs write: it works when all of them did.
/// </summary>
public sealed class AccessKeyJob(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    StorePlaces places,
    BucketSecrets secrets,
    Nudges nudges,
    TimeProvider clock,
    ILogger<AccessKeyJob> log
) : StoreJob<AccessKey>(dbs, stores, places, nudges, clock, log), IAccessKeyJob
{
    protected override async Task<AccessKey?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.AccessKeys.SingleOrDefaultAsync(key => key.Id == id, ct) is { } key
        && (key.IsUnsettled(Now) || IsToBeTold(key, await AccountAsync(db, key, ct)))
            ? key
            : null;

    protected override async Task AdvanceAsync(PortalDb db, IObjectStore store, AccessKey key, CancellationToken ct)
    {
        if (key.Goal is AccessKeyGoal.Active && key.ExpiresAt <= Now && key.RequestRevoke(Now).IsDone)
        {
            db.AuditEntries.Add(
                Actor.Portal(key.AccountId).Audit(Now, "DeleteAccessKey", key.Id, after: new { key.Status, Because = "It was replaced." })
            );
        }

        switch (key)
        {
            case { Goal: AccessKeyGoal.Revoked }:
                await RevokeAsync(store, key, ct);
                break;
            case { State: AccessKeyState.Creating, SealedSecret: not null }:
                await HandOverAsync(db, store, key, ct);
                break;
            case { State: AccessKeyState.Creating }:
                await FinishAsync(db, key, ct);
                break;
            default:
                await EnsureUserAsync(db, store, key, ct);
                break;
        }
    }

    protected override void WriteDown(AccessKey key, EngineException error)
    {
        if (error.Fault is EngineFault.Rejected && key.State is AccessKeyState.Creating && key.Goal is AccessKeyGoal.Active)
        {
            key.Fail(error.Message);
        }
        else
        {
            key.Wait(WaitingFor.StoreToTakeKey);
        }
    }

    /// <summary>
    /// Policies name those keys that work or are about to: whenever that changes, the buckets are told in the same transaction.
    /// </summary>
    protected override Task RecordAsync(PortalDb db, AccessKey key, CancellationToken ct) =>
        key.IsLimited && (key is { State: AccessKeyState.Creating, SealedSecret: null, Waiting: null } or { State: AccessKeyState.Revoked })
            ? BucketGrants.ChangedAsync(db, key, Now, ct)
            : Task.CompletedTask;

    private async Task HandOverAsync(PortalDb db, IObjectStore store, AccessKey key, CancellationToken ct)
    {
        var user = await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.Id == key.UserId, ct);
        if (user.State is ObjectStoreUserState.Pending)
        {
            if (user.Waiting is not null)
            {
                key.Wait(WaitingFor.StoreToTakeKey);
            }

            Nudges.Now(user.Id);
            return;
        }

        if (secrets.NewKey.Open(key.SealedSecret) is not { } secret)
        {
            key.Fail("Its secret could not be read any more. Make another key.");
            return;
        }

        if (key.IsLimited)
        {
            await EnsureUserAsync(db, store, key, ct);
        }

        await store.EnsureKeyAsync(key.StoreUserId, new StoreKey(key.AccessKeyId, secret), ct);
        if (key.IsLimited)
        {
            key.ObserveHanded(key.IsSuspended);
        }
        else
        {
            key.ObserveActive();
        }
    }

    private async Task FinishAsync(PortalDb db, AccessKey key, CancellationToken ct)
    {
        var due = await BucketGrants.CoveredBy(db, key).Where(bucket => bucket.GrantsDue).Select(bucket => bucket.Id).ToListAsync(ct);
        if (due.Count == 0)
        {
            key.ObserveActive();
        }

        due.ForEach(Nudges.Now);
    }

    private static async Task EnsureUserAsync(PortalDb db, IObjectStore store, AccessKey key, CancellationToken ct)
    {
        var account = await AccountAsync(db, key, ct);
        await store.EnsureUserAsync(
            new StoreUser(
                key.StoreUserId,
                key.Name,
                account.IsOutOfStores,
                MaxBuckets: 0,
                ObjectStoreUser.BytesOf(account),
                account.BucketObjectLimit
            ),
            ct
        );
        key.ObserveSuspension(account.IsOutOfStores);
    }

    private async Task RevokeAsync(IObjectStore store, AccessKey key, CancellationToken ct)
    {
        if (key.IsLimited)
        {
            await store.RemoveUserAsync(key.StoreUserId, ct);
        }
        else
        {
            await store.RemoveKeyAsync(key.StoreUserId, key.AccessKeyId, ct);
        }

        key.ObserveRevoked(Now);
    }

    /// <summary>
    /// Its account was suspended, or is not any more. Keys that are not limited belong to the project's user, who is told himself.
    /// </summary>
    private static bool IsToBeTold(AccessKey key, Account account) =>
        key is { IsLimited: true, State: AccessKeyState.Active, Goal: AccessKeyGoal.Active } && key.IsSuspended != account.IsOutOfStores;

    private static Task<Account> AccountAsync(PortalDb db, AccessKey key, CancellationToken ct) =>
        db.Accounts.AsNoTracking().SingleAsync(account => account.Id == key.AccountId, ct);
}
