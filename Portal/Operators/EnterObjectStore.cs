using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>A region, its object store if it has one, what was entered and is not taken yet, and how much lies in it.</summary>
public sealed record StoreOfRegion(string RegionId, string RegionName, ObjectStore? Store, ObjectStoreChange? Change, int Buckets);

/// <summary>
/// What operators do with the object stores of regions. The region's worker tries what was entered, and takes it or says why not.
/// </summary>
public sealed class EnterObjectStore(
    IDbContextFactory<PortalDb> dbs,
    BucketSecrets secrets,
    IConfiguration configuration,
    IHostEnvironment environment,
    TimeProvider clock
)
{
    public async Task<IReadOnlyList<StoreOfRegion>> ListAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var stores = await db.ObjectStores.AsNoTracking().ToDictionaryAsync(store => store.Id, StringComparer.Ordinal, ct);
        var changes = await db.ObjectStoreChanges.AsNoTracking().ToDictionaryAsync(change => change.Id, StringComparer.Ordinal, ct);
        var buckets = await db
            .Buckets.Where(bucket => bucket.StoreId != null && bucket.State != BucketState.Deleted)
            .GroupBy(bucket => bucket.RegionId)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Count, StringComparer.Ordinal, ct);
        return
        [
            .. (await db.Regions.AsNoTracking().OrderBy(region => region.Id).ToListAsync(ct)).Select(region => new StoreOfRegion(
                region.Id,
                region.Name,
                stores.GetValueOrDefault(region.Id),
                changes.GetValueOrDefault(region.Id),
                buckets.GetValueOrDefault(region.Id)
            )),
        ];
    }

    [OperatorVerb(OperatorRole.Infrastructure)]
    public async Task<Outcome> RunAsync(Actor actor, string regionId, NewObjectStore draft, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Infrastructure, clock.GetUtcNow(), ct) is { } notAllowed)
        {
            return notAllowed;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);

        // One operator at a time.
        if (
            await db
                .Regions.FromSql($"""SELECT r.*, r.xmin FROM "Regions" r WHERE r."Id" = {regionId} FOR NO KEY UPDATE""")
                .AsNoTracking()
                .SingleOrDefaultAsync(ct)
            is null
        )
        {
            return Refusal.NotFound("There is no such region.");
        }

        var store = await db.ObjectStores.AsNoTracking().FirstOrDefaultAsync(store => store.Id == regionId, ct);
        var before = await db.ObjectStoreChanges.AsNoTracking().FirstOrDefaultAsync(change => change.Id == regionId, ct);
        if (
            (
                Refusal.State(store?.WhyNotEnter)
                ?? Refusal.Invalid(draft.WhyNot(before?.AdminKeyId ?? store?.AdminKeyId) ?? WhyNotThere(draft))
            ) is
            { } refusal
        )
        {
            return refusal;
        }

        var change = Build(actor, regionId, draft, before?.SealedAdminSecret ?? store?.SealedAdminSecret);
        await db.ObjectStoreChanges.Where(known => known.Id == regionId).ExecuteDeleteAsync(ct);
        db.Add(change);
        db.Add(
            actor.Audit(
                change.AskedAt,
                "PutObjectStore",
                regionId,
                store is null ? null : new { store.Endpoint, store.AdminKeyId },
                new
                {
                    change.Endpoint,
                    change.InternalEndpoint,
                    change.SigningRegion,
                    change.WebsiteSuffix,
                    change.AdminKeyId,
                }
            )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <summary>What was entered is forgotten; the store that there is stays.</summary>
    [OperatorVerb(OperatorRole.Infrastructure)]
    public async Task<Outcome> WithdrawAsync(Actor actor, string regionId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Infrastructure, clock.GetUtcNow(), ct) is { } notAllowed)
        {
            return notAllowed;
        }

        if (await db.ObjectStoreChanges.FirstOrDefaultAsync(change => change.Id == regionId, ct) is { } change)
        {
            db.Remove(change);
            db.Add(actor.Audit(clock.GetUtcNow(), "CancelObjectStore", regionId, new { change.Endpoint, change.AdminKeyId }));
            await db.SaveChangesAsync(ct);
        }

        return Outcome.Done;
    }

    /// <summary>On a laptop everything is localhost.</summary>
    private string? WhyNotThere(NewObjectStore draft) =>
        !environment.IsDevelopment() && Uri.TryCreate(configuration["Portal:Url"], UriKind.Absolute, out var portal)
            ? StoreSite.WhyNot(portal, draft.Endpoint, draft.WebsiteSuffix)
            : null;

    private ObjectStoreChange Build(Actor actor, string regionId, NewObjectStore draft, string? sealedSecret) =>
        new()
        {
            Id = regionId,
            AccountId = actor.AccountId,
            Endpoint = draft.Endpoint.Trim().TrimEnd('/'),
            InternalEndpoint = OrNull(draft.InternalEndpoint.Trim().TrimEnd('/')),
            SigningRegion = draft.SigningRegion.Trim(),
            WebsiteSuffix = OrNull(draft.WebsiteSuffix.Trim()),
            AdminKeyId = draft.AdminKeyId.Trim(),
            SealedAdminSecret = draft.Secret.Trim() is { Length: > 0 } secret ? secrets.Admin.Seal(secret) : sealedSecret!,
            AskedAt = clock.GetUtcNow(),
        };

    private static string? OrNull(string text) => text.Length > 0 ? text : null;
}
