using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Monitoring;

/// <summary>Makes, changes and deletes an account's alert rules. The same rule asked for twice is one.</summary>
public sealed class AlertRules(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public const int MaxPerResource = 20;

    public Task<Outcome> CreateAsync(Actor actor, string resourceId, AlertWish wish, CancellationToken ct) =>
        WithAsync(
            actor,
            async db =>
            {
                if (wish.Check(resourceId) is { IsDone: false } refused)
                {
                    return refused;
                }

                if (await RegionOfAsync(db, actor, resourceId, ct) is not { } region)
                {
                    return Refusal.NotFound(Metrics.IsVolume(resourceId) ? "There is no such volume." : "There is no such instance.");
                }

                if (await WhyNotToAsync(db, actor, wish.UserId, ct) is { } reason)
                {
                    return Refusal.Forbidden(reason);
                }

                var rules = await db
                    .AlertRules.Where(rule => rule.AccountId == actor.AccountId && rule.ResourceId == resourceId)
                    .ToListAsync(ct);
                if (rules.Exists(rule => rule.Says(wish)))
                {
                    return Outcome.Done;
                }

                if (rules.Count >= MaxPerResource)
                {
                    return Refusal.Limit($"At most {MaxPerResource} alerts are possible here: delete one first.");
                }

                var now = clock.GetUtcNow();
                var made = new AlertRule
                {
                    Id = ResourceIds.New("alarm"),
                    AccountId = actor.AccountId,
                    ResourceId = resourceId,
                    RegionId = region,
                    CreatedAt = now,
                };
                made.Set(wish);
                db.AlertRules.Add(made);
                db.AuditEntries.Add(actor.Audit(now, "PutAlarm", resourceId, after: AuditDetails(made)));
                return Outcome.Done;
            },
            ct
        );

    public Task<Outcome> ChangeAsync(Actor actor, string id, AlertWish wish, CancellationToken ct) =>
        WithAsync(
            actor,
            async db =>
            {
                if (await FindAsync(db, actor, id, ct) is not { } rule)
                {
                    return Refusal.NotFound("There is no such alert any more.");
                }

                if (
                    (wish.Check(rule.ResourceId).Refusal ?? Refusal.Forbidden(await WhyNotToAsync(db, actor, wish.UserId, ct))) is
                    { } refusal
                )
                {
                    return refusal;
                }

                if (!rule.Says(wish))
                {
                    var before = AuditDetails(rule);
                    rule.Set(wish);
                    db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "PutAlarm", rule.ResourceId, before, AuditDetails(rule)));
                }

                return Outcome.Done;
            },
            ct
        );

    public Task<Outcome> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        WithAsync(
            actor,
            async db =>
            {
                if (await FindAsync(db, actor, id, ct) is not { } rule)
                {
                    return Refusal.NotFound("There is no such alert any more.");
                }

                db.AlertRules.Remove(rule);
                db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "DeleteAlarm", rule.ResourceId, before: AuditDetails(rule)));
                return Outcome.Done;
            },
            ct
        );

    private async Task<Outcome> WithAsync(Actor actor, Func<PortalDb, Task<Outcome>> change, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        var outcome = await change(db);
        if (outcome.IsDone)
        {
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }

    private static Task<AlertRule?> FindAsync(PortalDb db, Actor actor, string id, CancellationToken ct) =>
        db
            .AlertRules.FromSql(
                $"""SELECT r.*, r.xmin FROM "AlertRules" r WHERE r."AccountId" = {actor.AccountId} AND r."Id" = {id} FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);

    /// <summary>Null if the account has no such thing, or it is on its way out.</summary>
    private static Task<string?> RegionOfAsync(PortalDb db, Actor actor, string resourceId, CancellationToken ct) =>
        db
            .Instances.Where(instance =>
                instance.AccountId == actor.AccountId && instance.Id == resourceId && instance.Goal != InstanceGoal.Terminated
            )
            .Select(instance => instance.RegionId)
            .Concat(
                db.Volumes.Where(volume =>
                        volume.AccountId == actor.AccountId && volume.Id == resourceId && volume.Goal != VolumeGoal.Deleted
                    )
                    .Select(volume => volume.RegionId)
            )
            .SingleOrDefaultAsync(ct);

    /// <summary>Mails of alerts go to an address that somebody of the account has shown to be his, and nowhere else.</summary>
    private static async Task<string?> WhyNotToAsync(PortalDb db, Actor actor, Guid userId, CancellationToken ct) =>
        await db.Users.AnyAsync(user => user.Id == userId && user.AccountId == actor.AccountId && user.EmailConfirmed, ct)
            ? null
            : "Mails of alerts go to a confirmed address only: open the link that we sent you.";

    private static object AuditDetails(AlertRule rule) => new { Alert = rule.Sentence, To = rule.UserId };
}
