using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// The rules of an account's cards as a whole, each within the caller's transaction: exactly one default while any card is usable. All of
/// them lock the account's row first, as creating something billable does, so that no card leaves while something begins.
/// </summary>
public static class CardKeeping
{
    private static string TooManyAccounts(int most) => $"This card is on {most} accounts already. Use another card.";

    public const string ClosedMeanwhile = "This account was closed while the card was entered. The card was not added.";

    public static Task<List<Card>> ValidAsync(PortalDb db, string accountId, CancellationToken ct) =>
        db
            .Cards.Where(card => card.AccountId == accountId && card.State == CardState.Valid)
            .OrderBy(card => card.AddedAt)
            .ThenBy(card => card.Id)
            .ToListAsync(ct);

    /// <summary>Something of the account costs money or is about to: open usage, or an instance that is not terminated.</summary>
    public static async Task<bool> IsSpendingAsync(PortalDb db, string accountId, CancellationToken ct) =>
        await db.UsageSpans.AnyAsync(span => span.AccountId == accountId && span.To == null, ct)
        || await db.Instances.AnyAsync(
            instance => instance.AccountId == accountId && instance.State != Compute.InstanceState.Terminated,
            ct
        );

    /// <summary>
    /// Takes in a card that was checked. A card with the same number, and the one that it replaces, leave; it becomes the default if one of
    /// those was, or if there is no other that can be charged. Refused if, since the check began, its number was flagged or the account
    /// closed.
    /// </summary>
    public static async Task<Outcome> KeepAsync(
        PortalDb db,
        Actor actor,
        Card card,
        string? replaces,
        int mostAccounts,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        await FraudFlags.LockAsync(db, card.Fingerprint, ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        var valid = await ValidAsync(db, actor.AccountId, ct);
        if (valid.Exists(known => known.Id == card.Id))
        {
            return Outcome.Done;
        }

        if (await WhyNotKeepAsync(db, actor.AccountId, card, mostAccounts, ct) is { } refusal)
        {
            // Kept as refused, so that it is detached at Stripe.
            (card.State, card.Problem) = (CardState.Refused, refusal.Sentence);
            db.Cards.Add(card);
            db.AuditEntries.Add(actor.Audit(now, "RefuseCard", card.Id, after: new { card.Label, card.Problem }));
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        if (valid.Exists(known => known.Fingerprint == card.Fingerprint && IsLater(known, card)))
        {
            // The same number was entered again since, and that was heard of first: whatever the order, the last entry stays.
            card.State = CardState.Removed;
            db.Cards.Add(card);
            db.AuditEntries.Add(actor.Audit(now, "DetachCard", card.Id, after: new { card.Label, Why = "entered again since" }));
            await db.SaveChangesAsync(ct);
            return Outcome.Done;
        }

        var leaving = valid.Where(known => known.Fingerprint == card.Fingerprint || known.Id == replaces).ToList();
        var wasDefault = leaving.Exists(known => known.IsDefault);
        foreach (var old in leaving)
        {
            Leave(db, actor, old, $"replaced by {card.Label}", now);
        }

        db.Cards.Add(card);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "AttachCard",
                card.Id,
                after: new
                {
                    card.Label,
                    card.ExpiryMonth,
                    card.ExpiryYear,
                }
            )
        );
        await db.SaveChangesAsync(ct);
        if (wasDefault || !valid.Except(leaving).Any(known => known.IsDefault && known.IsUsable(now)))
        {
            await SetDefaultAsync(db, actor, card, now, ct);
        }

        return Outcome.Done;
    }

    private static async Task<Refusal?> WhyNotKeepAsync(PortalDb db, string accountId, Card card, int mostAccounts, CancellationToken ct) =>
        await FraudFlags.IsFlaggedAsync(db, card.Fingerprint, ct) ? Refusal.Forbidden(FraudFlags.NotHere)
        : await db.IsClosingAsync(accountId, ct) ? Refusal.Forbidden(ClosedMeanwhile)
        : await CountOthersAsync(db, accountId, card.Fingerprint, ct) >= mostAccounts ? Refusal.Limit(TooManyAccounts(mostAccounts))
        : null;

    /// <summary>
    /// Accounts that have the same number, and those that had it and used something: nobody begins anew for ever by taking a card off and
    /// signing up again.
    /// </summary>
    private static Task<int> CountOthersAsync(PortalDb db, string accountId, string fingerprint, CancellationToken ct) =>
        db
            .Cards.Where(card =>
                card.Fingerprint == fingerprint
                && card.AccountId != accountId
                && (
                    card.State == CardState.Valid
                    || (card.State == CardState.Removed && db.UsageSpans.Any(span => span.AccountId == card.AccountId))
                )
            )
            .Select(card => card.AccountId)
            .Distinct()
            .CountAsync(ct);

    /// <summary>Two writes, since for a moment between them no card may be the default but never two.</summary>
    public static async Task SetDefaultAsync(PortalDb db, Actor actor, Card card, DateTimeOffset now, CancellationToken ct)
    {
        var before = (await ValidAsync(db, actor.AccountId, ct)).Where(known => known.IsDefault && known.Id != card.Id).ToList();
        before.ForEach(known => known.IsDefault = false);
        await db.SaveChangesAsync(ct);
        card.IsDefault = true;
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "SetDefaultCard",
                card.Id,
                before: before.Count == 0 ? null : new { before[0].Id, before[0].Label },
                after: new { card.Label }
            )
        );
        await db.SaveChangesAsync(ct);
    }

    /// <summary>The card leaves; if it was the default, the newest that can be charged takes its place.</summary>
    public static Task RemoveAsync(PortalDb db, Actor actor, Card card, string why, DateTimeOffset now, CancellationToken ct) =>
        LeaveAsync(db, actor, card, CardState.Removed, why, now, ct);

    /// <summary>The same for a card that turned out to be one that must not be used, whatever still runs.</summary>
    public static Task BlockAsync(PortalDb db, Actor actor, Card card, DateTimeOffset now, CancellationToken ct)
    {
        (card.Problem, card.BlockedAt) = (FraudFlags.NoLonger, now);
        return LeaveAsync(db, actor, card, CardState.Refused, "can no longer be used here", now, ct);
    }

    private static async Task LeaveAsync(
        PortalDb db,
        Actor actor,
        Card card,
        CardState to,
        string why,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var wasDefault = card.IsDefault;
        Leave(db, actor, card, why, now, to);
        await db.SaveChangesAsync(ct);
        if (wasDefault && (await ValidAsync(db, actor.AccountId, ct)).FindLast(known => known.IsUsable(now)) is { } next)
        {
            await SetDefaultAsync(db, actor, next, now, ct);
        }
    }

    /// <summary>By when it was begun, and among equals by the id, so that there is never a tie.</summary>
    private static bool IsLater(Card one, Card other) =>
        one.AddedAt != other.AddedAt ? one.AddedAt > other.AddedAt : string.CompareOrdinal(one.Id, other.Id) > 0;

    private static void Leave(PortalDb db, Actor actor, Card card, string why, DateTimeOffset now, CardState to = CardState.Removed)
    {
        db.AuditEntries.Add(actor.Audit(now, "DetachCard", card.Id, before: new { card.Label, card.IsDefault }, after: new { Why = why }));
        (card.State, card.IsDefault) = (to, false);
    }
}
