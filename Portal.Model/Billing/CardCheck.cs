using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>Whether an account may make something that costs money.</summary>
public static class CardCheck
{
    public const string NoCard = "Add a card first; $0 now.";

    /// <summary>
    /// Why nothing billable may be created or started; null if it may. Inside the transaction of a create it holds only while the
    /// account's row is locked, since removing a card takes the same lock.
    /// </summary>
    public static async Task<Refusal?> WhyNoBillingAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct)
    {
        var found = await db
            .Accounts.AsNoTracking()
            .Where(account => account.Id == accountId)
            .Select(account => new { account, use = db.UnpaidUses.FirstOrDefault(use => use.AccountId == account.Id) })
            .SingleOrDefaultAsync(ct);
        if ((found?.account.ClosingSince is not null ? CreateRule.Closing : found?.account.WhySuspended) is { } reason)
        {
            return Refusal.Forbidden(reason);
        }

        var cards = await db
            .Cards.AsNoTracking()
            .Where(card => card.AccountId == accountId && (card.State == CardState.Valid || card.BlockedAt != null))
            .ToListAsync(ct);
        return Refusal.Unpaid(WhyNoBilling(cards, now)) ?? (found?.use is { } unpaid ? WhyNoMore(found.account, unpaid, now) : null);
    }

    /// <summary>A sentence if nothing may run that does not run yet, else null.</summary>
    public static async Task<string?> WhySuspendedAsync(PortalDb db, string accountId, CancellationToken ct) =>
        (await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, ct)).WhySuspended;

    /// <summary>
    /// Nothing is added to what is not paid once that has reached its limit. From the last reckoning and what goes on since: the ledger
    /// itself grows and is not read here.
    /// </summary>
    private static Refusal? WhyNoMore(Account account, UnpaidUse use, DateTimeOffset now) =>
        use.AmountAt(now) < account.UnpaidLimit
            ? null
            : Refusal.Limit(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"You have used ${use.AmountAt(now):N2} that is not paid for yet, and your limit is ${account.UnpaidLimit:N2}: nothing more can be made or started. Billing says how to go on."
                )
            );

    /// <summary>The same for cards that are loaded already.</summary>
    public static string? WhyNoBilling(IReadOnlyList<Card> cards, DateTimeOffset now)
    {
        if (cards.Any(card => card.IsDefault && card.IsUsable(now)))
        {
            return null;
        }

        if (cards.Any(card => card.IsUsable(now)))
        {
            return "The default card cannot be charged. Choose another one as the default.";
        }

        if (cards.FirstOrDefault(card => card.State is CardState.Valid) is { } expired)
        {
            return $"The card {expired.Label} has expired. Add a card that is valid; $0 now.";
        }

        return cards.Where(card => card.BlockedAt is not null).MaxBy(card => card.BlockedAt) is { } blocked
            ? $"The card {blocked.Label} can no longer be used here. Add another card; $0 now."
            : NoCard;
    }
}
