using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <param name="BucketId">The one bucket that it is for; null for all of the project's, those to come included.</param>
/// <param name="RequestToken">Made by the form when it was opened: the same request sent twice is one.</param>
public sealed record NewAccessKey(string Name, KeyRights Rights, string? BucketId, string RequestToken, string RegionId = "local");

/// <summary>A key that was just made.</summary>
/// <param name="Secret">To be shown now; nobody can tell it again. Null if the request was sent twice and the first told it.</param>
public sealed record MadeAccessKey(AccessKey Key, string? Secret)
{
    /// <summary>Without the secret, since records end up in logs.</summary>
    public override string ToString() => Key.AccessKeyId;
}

/// <summary>An account's S3 credentials: made, replaced, revoked.</summary>
public sealed class AccessKeys(IDbContextFactory<PortalDb> dbs, StoreUsers users, BucketSecrets secrets, TimeProvider clock)
{
    /// <summary>How many one account may have that are not revoked.</summary>
    public const int MaxKeys = 50;

    /// <summary>A replaced key works this much longer.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    public async Task<Outcome<MadeAccessKey>> CreateAsync(Actor actor, NewAccessKey form, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        if (await MadeBeforeAsync(db, actor, form.RequestToken, ct) is { } before)
        {
            return new MadeAccessKey(before, null);
        }

        if (await WhyNotAsync(db, actor, form, ct) is { } refusal)
        {
            return refusal;
        }

        var user = await users.FindOrAddAsync(db, actor, form.RegionId, ct);
        if (user.Value is null)
        {
            return user.Refusal!;
        }

        var made = Add(db, actor, user.Value, form);
        await TellAsync(db, actor, made.Key, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return made;
    }

    /// <summary>
    /// Makes another key with the same permissions; the old one works for <see cref="Overlap"/> more, so that programs can be changed over.
    /// </summary>
    public async Task<Outcome<MadeAccessKey>> RotateAsync(Actor actor, string id, string requestToken, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        if (await MadeBeforeAsync(db, actor, requestToken, ct) is { } before)
        {
            return new MadeAccessKey(before, null);
        }

        if (await db.AccessKeys.FirstOrDefaultAsync(key => key.AccountId == actor.AccountId && key.Id == id, ct) is not { } old)
        {
            return Refusal.NotFound("There is no such key.");
        }

        var form = new NewAccessKey(old.Name, old.Rights, old.BucketId, requestToken, old.RegionId);
        var now = clock.GetUtcNow();
        if ((await WhyNotAsync(db, actor, form, ct) ?? old.RequestReplacement(now + Overlap).Refusal) is { } refusal)
        {
            return refusal;
        }

        var user = await db.ObjectStoreUsers.SingleAsync(user => user.Id == old.UserId, ct);
        var made = Add(db, actor, user, form);
        await TellAsync(db, actor, made.Key, ct);
        db.AuditEntries.Add(actor.Audit(now, "RotateAccessKey", old.Id, after: new { ReplacedBy = made.Key.Id, Until = old.ExpiresAt }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return made;
    }

    public async Task<Outcome<AccessKey>> RevokeAsync(Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var key = await db
            .AccessKeys.FromSql(
                $"""SELECT k.*, k.xmin FROM "AccessKeys" k WHERE k."Id" = {id} AND k."AccountId" = {actor.AccountId} FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);
        if (key is null)
        {
            return Refusal.NotFound("There is no such key.");
        }

        var (before, now) = (new { key.Status }, clock.GetUtcNow());
        if (key.RequestRevoke(now) is { IsDone: false } refused)
        {
            return refused;
        }

        db.AuditEntries.Add(actor.Audit(now, "DeleteAccessKey", id, before, new { key.Status }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return key;
    }

    private MadeAccessKey Add(PortalDb db, Actor actor, ObjectStoreUser user, NewAccessKey form)
    {
        var (pair, now) = (BucketSecrets.Make(), clock.GetUtcNow());
        var key = new AccessKey
        {
            Id = ResourceIds.New(AccessKey.Prefix),
            AccountId = actor.AccountId,
            ProjectId = user.ProjectId,
            RegionId = user.RegionId,
            UserId = user.Id,
            Name = form.Name.Trim(),
            CreatedAt = now,
            AccessKeyId = pair.AccessKeyId,
            Rights = form.Rights,
            BucketId = form.BucketId,
            RequestToken = form.RequestToken,
        }.Requested(secrets.NewKey.Seal(pair.Secret), now);
        db.AccessKeys.Add(key);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "CreateAccessKey",
                key.Id,
                after: new
                {
                    key.Name,
                    key.AccessKeyId,
                    Rights = key.Rights.ToString(),
                    Bucket = key.BucketId,
                }
            )
        );
        return new MadeAccessKey(key, pair.Secret);
    }

    private Task TellAsync(PortalDb db, Actor actor, AccessKey made, CancellationToken ct) =>
        db.TellMadeAsync(actor, $"The S3 access key {made.Name} was created", "revoke it on the page Access keys", clock.GetUtcNow(), ct);

    private async Task<Refusal?> WhyNotAsync(PortalDb db, Actor actor, NewAccessKey form, CancellationToken ct)
    {
        if (
            (
                ResourceName.Check(form.Name).Refusal
                ?? await db.WhyMayNotCreateAsync(actor, ct)
                ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)
            ) is
            { } refusal
        )
        {
            return refusal;
        }

        if (
            form.BucketId is { } id
            && (
                await db
                    .Buckets.AsNoTracking()
                    .FirstOrDefaultAsync(
                        bucket => bucket.AccountId == actor.AccountId && bucket.Id == id && bucket.RegionId == form.RegionId,
                        ct
                    )
            )
                is not { Goal: BucketGoal.Available, State: not BucketState.Failed }
        )
        {
            return Refusal.NotFound("There is no such bucket any more: choose another.");
        }

        var count = await db.AccessKeys.CountAsync(
            key => key.AccountId == actor.AccountId && key.State != AccessKeyState.Revoked && key.State != AccessKeyState.Failed,
            ct
        );
        return count >= MaxKeys
            ? Refusal.Limit($"You have {count} access keys, which is the most: revoke one you no longer need.")
            : await db.WhyNotProvenAsync(actor, clock.GetUtcNow(), ct);
    }

    private static Task<AccessKey?> MadeBeforeAsync(PortalDb db, Actor actor, string requestToken, CancellationToken ct) =>
        db.AccessKeys.AsNoTracking().FirstOrDefaultAsync(key => key.AccountId == actor.AccountId && key.RequestToken == requestToken, ct);
}
