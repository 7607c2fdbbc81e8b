using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Deletes buckets of one account and sets their quotas.</summary>
public sealed class ChangeBucket(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <param name="emptyFirst">Whatever is in it goes too; the caller has made sure that this is meant.</param>
    public Task<ResourceChange> DeleteAsync(Actor actor, string id, bool emptyFirst, CancellationToken ct) =>
        RunAsync(
            actor,
            id,
            "DeleteBucket",
            bucket => new
            {
                bucket.Status,
                bucket.Objects,
                EmptyFirst = emptyFirst,
            },
            bucket => bucket.RequestDelete(emptyFirst, clock.GetUtcNow()),
            ct
        );

    /// <param name="gib">Null for no limit of its own.</param>
    public Task<ResourceChange> SetQuotaAsync(Actor actor, string id, int? gib, CancellationToken ct) =>
        RunAsync(actor, id, "PutBucketQuota", bucket => new { bucket.QuotaGiB }, bucket => bucket.SetQuota(gib, clock.GetUtcNow()), ct);

    private async Task<ResourceChange> RunAsync(
        Actor actor,
        string id,
        string action,
        Func<Bucket, object> tell,
        Func<Bucket, Outcome> change,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var bucket = await db
            .Buckets.FromSql(
                $"""SELECT b.*, b.xmin FROM "Buckets" b WHERE b."Id" = {id} AND b."AccountId" = {actor.AccountId} FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);
        if (bucket is null)
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such bucket."));
        }

        // The store lets nobody of a suspended account in, to delete neither: the request would wait for ever.
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == actor.AccountId, ct);
        var before = tell(bucket);
        var outcome = account.WhyNotStores is { } refusal ? refusal : change(bucket);
        if (outcome.IsDone)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, id, before, tell(bucket)));
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return new ResourceChange(id, bucket.Name, outcome);
    }
}
