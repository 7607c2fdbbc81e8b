using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>Whether an account may make something that costs money.</summary>
public static class CardCheck
{
    public const string NoCard = "Add a card first; $0 now.";

    /// <summary>
    /// A sentence if nothing billable may be created or started, else null. Inside the transaction of a create it holds only while the account's row
    /// is locked, since removing a card takes the same lock.
    /// </summary>
    public static async Task<string?> WhyNoBillingAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct)
    {
        var account = await db.Accounts.Where(account => account.Id == accountId).Select(account => new { account.ClosingSince, account.SuspendedAt }).SingleOrDefaultAsync(ct);
        if (account?.ClosingSince is not null)
        {
            return CreateRule.Closing;
        }

        if (account?.SuspendedAt is not null)
        {
            return "This account is suspended. Nothing new can be started until that is settled.";
        }

        var cards = await db.Cards.AsNoTracking().Where(card => card.AccountId == accountId && (card.State == CardState.Valid || card.BlockedAt != null)).ToListAsync(ct);
        return WhyNoBilling(cards, now);
    }

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
