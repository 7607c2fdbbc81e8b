using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>What a customer does with a card that is there. Starts from the signed-in account: another's card does not exist.</summary>
public sealed class ChangeCard(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome> MakeDefaultAsync(Actor actor, string cardId, CancellationToken ct) =>
        WithAsync(
            actor,
            cardId,
            async (db, card, now) =>
            {
                if (card.WhyNotDefault(now) is { } reason)
                {
                    return Refusal.State(reason);
                }

                await CardKeeping.SetDefaultAsync(db, actor, card, now, ct);
                return Outcome.Done;
            },
            ct
        );

    public Task<Outcome> RemoveAsync(Actor actor, string cardId, CancellationToken ct) =>
        WithAsync(
            actor,
            cardId,
            async (db, card, now) =>
            {
                var others = (await CardKeeping.ValidAsync(db, actor.AccountId, ct)).Where(other => other.Id != card.Id);
                if (card.WhyNotRemove(others, await CardKeeping.IsSpendingAsync(db, actor.AccountId, ct), now) is { } refusal)
                {
                    return refusal;
                }

                await CardKeeping.RemoveAsync(db, actor, card, "removed by its owner", now, ct);
                return Outcome.Done;
            },
            ct
        );

    private async Task<Outcome> WithAsync(
        Actor actor,
        string cardId,
        Func<PortalDb, Card, DateTimeOffset, Task<Outcome>> change,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        if (await db.Cards.SingleOrDefaultAsync(card => card.Id == cardId && card.AccountId == actor.AccountId, ct) is not { } card)
        {
            return Refusal.NotFound("There is no such card.");
        }

        var outcome = await change(db, card, clock.GetUtcNow());
        if (outcome.IsDone)
        {
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }
}
