using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
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

        var leaving = await db.Cards.Where(card => card.State != CardState.Valid && card.DetachedAt == null).OrderBy(card => card.AddedAt).Take(AtOnce).ToListAsync(ct);
        foreach (var card in leaving)
        {
            await DetachAsync(card.Id, ct);
            card.DetachedAt = clock.GetUtcNow();
            await db.SaveChangesAsync(ct);
        }
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
