using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Worker.Shared;
using Stripe;

namespace Portal.Worker.Billing;

/// <summary>Takes cards that are not valid here off the customer at Stripe.</summary>
public sealed class CardDetachment(IDbContextFactory<PortalDb> dbs, StripeClient stripe, TimeProvider clock)
{
    private const int AtOnce = 50;

    public async Task RunAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.IsUnreconciledAsync(ct))
        {
            return;
        }

        var leaving = await db
            .Cards.Where(card => card.State != CardState.Valid && card.DetachedAt == null)
            .OrderBy(card => card.AddedAt)
            .Select(card => card.Id)
            .Take(AtOnce)
            .ToListAsync(ct);
        var round = new Round(isOver: error => Declines.IsPassing(error, ct));
        await round.EachAsync(
            leaving,
            id => id,
            async (id, token) =>
            {
                await DetachAsync(id, token);
                var now = clock.GetUtcNow();
                await db
                    .Cards.Where(card => card.Id == id && card.State != CardState.Valid)
                    .ExecuteUpdateAsync(card => card.SetProperty(gone => gone.DetachedAt, now), token);
            },
            ct
        );
        round.End();
    }

    private async Task DetachAsync(string id, CancellationToken ct)
    {
        try
        {
            await stripe.V1.PaymentMethods.DetachAsync(id, cancellationToken: ct);
        }
        catch (StripeException done) when (done.StripeError?.Code is "payment_method_unexpected_state" or "resource_missing")
        {
            // An earlier run, or somebody at Stripe, was faster.
        }
    }
}
