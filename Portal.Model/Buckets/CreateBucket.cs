using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <param name="RequestToken">Made by the form when it was opened: the same request sent twice is one.</param>
public sealed record NewBucket(string Name, string RequestToken, string RegionId = "local");

/// <summary>
/// Asks for a bucket: checks, quota, the project's user and the audit row are one transaction under a lock on the account's row. A name
/// that another customer has is refused here, or, if only the store knows it, by the job.
/// </summary>
public sealed class CreateBucket(IDbContextFactory<PortalDb> dbs, StoreUsers users, TimeProvider clock)
{
    public async Task<Outcome<Bucket>> RunAsync(Actor actor, NewBucket form, CancellationToken ct)
    {
        if (BucketName.Check(form.Name) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db
                .Buckets.AsNoTracking()
                .FirstOrDefaultAsync(made => made.AccountId == actor.AccountId && made.RequestToken == form.RequestToken, ct) is
            { } before
        )
        {
            return before;
        }

        if (await WhyNotAsync(db, actor, account, form, ct) is { } refusal)
        {
            return refusal;
        }

        var user = await users.FindOrAddAsync(db, actor, form.RegionId, ct);
        if (user.Value is null)
        {
            return user.Refusal!;
        }

        var bucket = Build(form, user.Value);
        db.Buckets.Add(bucket);
        var region = await db.Regions.Where(one => one.Id == bucket.RegionId).Select(one => one.Name).SingleAsync(ct);
        db.AuditEntries.Add(actor.Audit(bucket.CreatedAt, "CreateBucket", bucket.Id, after: new { bucket.Name, Region = region }));
        return await SaveAsync(db, ct) ? await CommitAsync(transaction, bucket, ct) : Refusal.Duplicate(Taken(form.Name));
    }

    private Bucket Build(NewBucket form, ObjectStoreUser user) =>
        new Bucket
        {
            Id = ResourceIds.New(Bucket.Prefix),
            AccountId = user.AccountId,
            ProjectId = user.ProjectId,
            RegionId = user.RegionId,
            UserId = user.Id,
            Name = form.Name,
            CreatedAt = clock.GetUtcNow(),
            RequestToken = form.RequestToken,
        }.Requested(clock.GetUtcNow());

    private async Task<Refusal?> WhyNotAsync(PortalDb db, Actor actor, Account account, NewBucket form, CancellationToken ct)
    {
        if (
            (await db.WhyMayNotCreateAsync(actor, ct) ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)) is
            { } mayNot
        )
        {
            return mayNot;
        }

        var there = db.Buckets.Where(bucket =>
            bucket.RegionId == form.RegionId && bucket.State != BucketState.Deleted && bucket.State != BucketState.Failed
        );
        if (await there.Where(bucket => bucket.Name == form.Name).Select(bucket => bucket.AccountId).FirstOrDefaultAsync(ct) is { } owner)
        {
            return Refusal.Duplicate(owner == actor.AccountId ? $"You have a bucket named “{form.Name}” already." : Taken(form.Name));
        }

        var count = await there.CountAsync(bucket => bucket.AccountId == actor.AccountId, ct);
        return count >= account.BucketLimit
            ? Refusal.Limit(
                $"Your quota is {Counted.Of(account.BucketLimit, "bucket")} and you have {count}: delete one you no longer need, or ask support for more."
            )
            : null;
    }

    /// <summary>False if somebody else took the name at this very moment.</summary>
    private static async Task<bool> SaveAsync(PortalDb db, CancellationToken ct)
    {
        try
        {
            await db.SaveChangesAsync(ct);
            return true;
        }
        catch (DbUpdateException error)
            when (error.InnerException
                    is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "IX_Buckets_RegionId_Name" }
            )
        {
            return false;
        }
    }

    private static async Task<Outcome<Bucket>> CommitAsync(
        Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction transaction,
        Bucket bucket,
        CancellationToken ct
    )
    {
        await transaction.CommitAsync(ct);
        return bucket;
    }

    public static string Taken(string name) =>
        $"The name “{name}” is taken: names of buckets are unique among all customers. Add something of your own to it.";
}
