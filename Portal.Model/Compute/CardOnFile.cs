using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

internal static class CardOnFile
{
    public static async Task<Outcome> CheckCardAsync(this PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        (await db.Cards.AsNoTracking().Where(card => card.AccountId == accountId && card.State == CardState.Valid).ToListAsync(ct)).Exists(card => card.IsUsable(now))
            ? Outcome.Done
            : Outcome.Refused("Add a card first: nothing is charged now.");
}
