using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;

namespace Portal.Worker.Buckets;

/// <summary>
/// Tries a gateway that an operator entered, with real calls. One that answers and lets its key do what Portal needs becomes the region's;
/// else the operator reads why not.
/// </summary>
public sealed class StoreTrial(IObjectStores stores, BucketSecrets secrets, RegionName region, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="whyNot">Why it is refused unseen; null if it is not.</param>
    public async Task RunAsync(PortalDb db, string? whyNot, CancellationToken ct)
    {
        if (
            await db.ObjectStoreChanges.FirstOrDefaultAsync(change => change.Id == region.Id && change.Refusal == null, ct)
            is not { } change
        )
        {
            return;
        }

        change.Refusal = whyNot ?? await TryAsync(change, ct);
        if (change.Refusal is null)
        {
            await ApplyAsync(db, change, ct);
        }

        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Another one was entered meanwhile, or withdrawn: that one is looked at next.
            db.ChangeTracker.Clear();
        }
    }

    private async Task<string?> TryAsync(ObjectStoreChange change, CancellationToken ct)
    {
        if (secrets.Admin.Open(change.SealedAdminSecret) is not { } secret)
        {
            return "The secret cannot be read any more: enter it again.";
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            await stores
                .Open(
                    new StoreAccess(
                        new Uri(change.InternalEndpoint ?? change.Endpoint),
                        change.SigningRegion,
                        new StoreKey(change.AdminKeyId, secret)
                    )
                )
                .CheckAsync(limit.Token);
            return await PublicCertificate.WhyNotAsync(new Uri(change.Endpoint), limit.Token);
        }
        catch (EngineException error)
        {
            return error.Detail;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"It did not answer within {Patience.TotalSeconds:0} s.";
        }
    }

    private async Task ApplyAsync(PortalDb db, ObjectStoreChange change, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var store = await db.ObjectStores.FirstOrDefaultAsync(store => store.Id == region.Id, ct);
        var before = store is null ? null : new { store.Endpoint, store.AdminKeyId };
        store ??= db.ObjectStores.Add(new ObjectStore { Id = region.Id, Endpoint = change.Endpoint }).Entity;
        change.ApplyTo(store, now);
        db.ObjectStoreChanges.Remove(change);
        db.AuditEntries.Add(
            Actor.Portal(change.AccountId).Audit(now, "ModifyObjectStore", region.Id, before, new { store.Endpoint, store.AdminKeyId })
        );
    }
}
