using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Stripe;

namespace Portal.Worker.Billing;

/// <summary>
/// Applies a stored event. The event only says which object to look at: what is applied is the object as it is at Stripe now, so that order
/// and repetition do not matter. It can be run again at any time, also for an event that was applied long ago.
/// </summary>
public sealed class StripeEventJob(IDbContextFactory<PortalDb> dbs, StripeClient stripe, ICardSetupJob setups, TimeProvider clock)
    : IStripeEventJob
{
    /// <summary>The types that matter here; all others are stored and ignored.</summary>
    public static readonly string[] Known =
    [
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_method.detached",
        "payment_method.updated",
        "payment_method.automatically_updated",
    ];

    public async Task ApplyAsync(string eventId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.StripeEvents.SingleOrDefaultAsync(stored => stored.Id == eventId, ct) is not { } stored)
        {
            return;
        }

        using var payload = JsonDocument.Parse(stored.Payload);
        var about = payload.RootElement.GetProperty("data").GetProperty("object");
        switch (stored.Type)
        {
            case "checkout.session.completed" or "checkout.session.expired":
                await ApplySessionAsync(db, about, ct);
                break;
            case "payment_method.detached" or "payment_method.updated" or "payment_method.automatically_updated":
                await ApplyMethodAsync(db, about.GetProperty("id").GetString()!, ct);
                break;
            default:
                stored.IsIgnored = true;
                break;
        }

        (stored.AppliedAt, stored.Problem) = (clock.GetUtcNow(), null);
        await db.SaveChangesAsync(ct);
    }

    private async Task ApplySessionAsync(PortalDb db, JsonElement about, CancellationToken ct)
    {
        var session = about.GetProperty("id").GetString()!;
        var setup = await db.CardSetups.SingleOrDefaultAsync(known => known.CheckoutSessionId == session, ct);
        if (
            setup is null
            && Guid.TryParse(about.GetProperty("client_reference_id").GetString(), out var id)
            && await db.CardSetups.SingleOrDefaultAsync(known => known.Id == id && known.CheckoutSessionId == null, ct) is { } unanswered
        )
        {
            // Stripe's answer to the web was lost, and this is how it arrives after all.
            (setup, unanswered.CheckoutSessionId) = (unanswered, session);
            await db.SaveChangesAsync(ct);
        }

        if (setup is { IsSettled: false })
        {
            await setups.ApplyAsync(setup.Id, ct);
        }
    }

    private async Task ApplyMethodAsync(PortalDb db, string id, CancellationToken ct)
    {
        if (await db.Cards.AsNoTracking().SingleOrDefaultAsync(card => card.Id == id && card.State == CardState.Valid, ct) is not { } known)
        {
            return;
        }

        var method = await stripe.V1.PaymentMethods.GetAsync(id, cancellationToken: ct);
        var (actor, now) = (Actor.Portal(known.AccountId), clock.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(known.AccountId, ct);
        var card = await db.Cards.SingleAsync(mine => mine.Id == id, ct);
        if (card.State is CardState.Valid && method.CustomerId is null)
        {
            card.DetachedAt = now;
            await CardKeeping.RemoveAsync(db, actor, card, "removed at Stripe", now, ct);
        }
        else if (
            card.State is CardState.Valid
            && (card.ExpiryMonth, card.ExpiryYear) != ((int)method.Card.ExpMonth, (int)method.Card.ExpYear)
        )
        {
            db.AuditEntries.Add(
                actor.Audit(
                    now,
                    "RenewCard",
                    id,
                    new { card.ExpiryMonth, card.ExpiryYear },
                    new { ExpiryMonth = method.Card.ExpMonth, ExpiryYear = method.Card.ExpYear }
                )
            );
            (card.ExpiryMonth, card.ExpiryYear) = ((int)method.Card.ExpMonth, (int)method.Card.ExpYear);
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
    }
}
