using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Asks for the deletion or the move of objects in a bucket of one account, and for the end of that.</summary>
public sealed class ChangeObjects(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    private const int NamesInAudit = 20;

    private static readonly Refusal Missing = Refusal.NotFound("There is no such change of objects any more.");

    /// <param name="title">What is done, for whoever looks at the bucket.</param>
    public Task<Outcome<ObjectOperation>> DeleteAsync(
        Actor actor,
        string bucketId,
        ObjectSelection what,
        string title,
        CancellationToken ct
    ) => AskAsync(actor, bucketId, "DeleteObjects", ObjectOperationKind.Delete, what, null, title, ct);

    public async Task<Outcome<ObjectOperation>> MoveAsync(
        Actor actor,
        string bucketId,
        ObjectSelection what,
        ObjectMove move,
        string title,
        CancellationToken ct
    ) =>
        what.WhyNotMove(move) is { } refusal
            ? refusal
            : await AskAsync(actor, bucketId, "MoveObjects", ObjectOperationKind.Move, what, move, title, ct);

    /// <summary>What was deleted or moved until then stays so.</summary>
    public async Task<Outcome> CancelAsync(Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await LockAsync(db, actor, id, ct) is not { } operation)
        {
            return Missing;
        }

        var (now, wasCancelled) = (clock.GetUtcNow(), operation.CancelledAt is not null);
        var outcome = operation.RequestCancel(now);
        if (outcome.IsDone && !wasCancelled)
        {
            db.AuditEntries.Add(actor.Audit(now, "CancelObjectOperation", operation.BucketId, new { operation.Kind, operation.Changed }));
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }

    /// <summary>What came of it has been read.</summary>
    public async Task<Outcome> DismissAsync(Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await LockAsync(db, actor, id, ct) is not { } operation)
        {
            return Missing;
        }

        if (operation.WhyNotDismiss is { } reason)
        {
            return Refusal.State(reason);
        }

        db.Remove(operation);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    private async Task<Outcome<ObjectOperation>> AskAsync(
        Actor actor,
        string bucketId,
        string action,
        ObjectOperationKind kind,
        ObjectSelection what,
        ObjectMove? move,
        string title,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        var bucket = await db
            .Buckets.AsNoTracking()
            .SingleOrDefaultAsync(bucket => bucket.AccountId == actor.AccountId && bucket.Id == bucketId, ct);
        if (bucket is null)
        {
            return Refusal.NotFound("There is no such bucket.");
        }

        if ((what.WhyNotTaken ?? WhyNot(account, bucket) ?? await WhyNotOneMoreAsync(db, account, ct)) is { } refusal)
        {
            return refusal;
        }

        var now = clock.GetUtcNow();
        var operation = ObjectOperation.Of(bucket, actor.UserId, kind, what, move, title, now);
        db.ObjectOperations.Add(operation);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                action,
                bucketId,
                before: new
                {
                    what.AllUnder,
                    Names = what.Names.Take(NamesInAudit),
                    what.Names.Count,
                },
                after: move is null ? null : new { move.To }
            )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return operation;
    }

    /// <summary>Why objects of the bucket cannot be changed now, nor go on to be; null if they can.</summary>
    public static Refusal? WhyNot(Account account, Bucket bucket) =>
        account.ClosingSince is not null ? Refusal.Forbidden("The account is being closed.")
        : account.WhyNotStores is { } refusal ? refusal
        : bucket.StateNow switch
        {
            BucketState.Deleting => Refusal.State("The bucket is being deleted."),
            BucketState.Deleted => Refusal.NotFound("The bucket is not there any more."),
            _ => Refusal.State(bucket.WhyNotOpen),
        };

    private static async Task<Refusal?> WhyNotOneMoreAsync(PortalDb db, Account account, CancellationToken ct) =>
        await db.ObjectOperations.CountAsync(one => one.AccountId == account.Id && one.State == ObjectOperationState.Pending, ct)
        >= ObjectOperation.MostAtOnce
            ? Refusal.Limit(
                $"{ObjectOperation.MostAtOnce} changes of objects are under way already. Wait until one of them has ended, or cancel one."
            )
            : null;

    private static Task<ObjectOperation?> LockAsync(PortalDb db, Actor actor, string id, CancellationToken ct) =>
        db
            .ObjectOperations.FromSql(
                $"""SELECT * FROM "ObjectOperations" WHERE "Id" = {id} AND "AccountId" = {actor.AccountId} FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);
}
