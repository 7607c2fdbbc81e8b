using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Stripe;
using Stripe.Checkout;
using Session = Stripe.Checkout.Session;

namespace Portal.Worker.Billing;

/// <summary>
/// Brings one attempt to add a card to its end, from whatever point it is at: asks Stripe for the session as it is now, checks the card,
/// keeps or refuses it. Webhooks, the customer's return and the sweep all come here; whoever comes second finds it done.
/// </summary>
public sealed partial class CardSetupJob(
    IDbContextFactory<PortalDb> dbs,
    StripeClient stripe,
    CardAuthorization authorization,
    CardRetries retries,
    TrustLadder ladder,
    TimeProvider clock,
    ILogger<CardSetupJob> log
) : ICardSetupJob
{
    /// <summary>A restored database may not know that this very card was checked already.</summary>
    private static readonly TimeSpan WhileUnreconciled = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan WhileOpen = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WhileVerifying = TimeSpan.FromSeconds(10);

    private static readonly SessionGetOptions Whole = new() { Expand = ["setup_intent.payment_method"] };

    public async Task ApplyAsync(Guid setupId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);

        // Waits for another run: that one may have looked at Stripe before the change of which this one tells.
        await using var lease = await Lease.TakeAsync(db, $"card-setup {setupId}", ct);
        if (await db.CardSetups.SingleOrDefaultAsync(setup => setup.Id == setupId, ct) is not { IsSettled: false } setup)
        {
            return;
        }

        if (await db.IsUnreconciledAsync(ct))
        {
            setup.CheckAt = clock.GetUtcNow() + WhileUnreconciled;
            await db.SaveChangesAsync(ct);
            return;
        }

        try
        {
            await ApplyAsync(db, setup, ct);
            retries.Forget(setupId);
        }
        catch (Exception error) when (Declines.IsPassing(error, ct))
        {
            LogAway(log, setupId, error.Message);

            // By itself: what else the attempt had begun to change is not to be saved.
            var again = clock.GetUtcNow() + retries.Next(setupId);
            await db.CardSetups.Where(row => row.Id == setupId).ExecuteUpdateAsync(set => set.SetProperty(row => row.CheckAt, again), ct);
        }
    }

    private async Task ApplyAsync(PortalDb db, CardSetup setup, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        setup.CheckAt = now + (setup.State is CardSetupState.Open ? WhileOpen : WhileVerifying);
        await db.SaveChangesAsync(ct);
        if (setup.CheckoutSessionId is not { } sessionId)
        {
            if (now - setup.CreatedAt > CardSetup.PageLife)
            {
                await EndAsync(
                    db,
                    setup,
                    () => setup.Abandon("The card page could not be opened. No card was added and nothing was charged.", now),
                    "AbandonCard",
                    ct
                );
            }

            return;
        }

        var session = await stripe.V1.Checkout.Sessions.GetAsync(sessionId, Whole, cancellationToken: ct);
        switch (session.Status)
        {
            case "complete":
                await VerifyAsync(db, setup, session, ct);
                break;
            case "expired":
                var why = session.SetupIntent?.LastSetupError is { } error
                    ? $"No card was added: {Lower(Declines.Sentence(error))}"
                    : "The card page was left. No card was added and nothing was charged.";
                await EndAsync(db, setup, () => setup.Abandon(why, now), "AbandonCard", ct);
                break;
        }
    }

    private async Task VerifyAsync(PortalDb db, CardSetup setup, Session session, CancellationToken ct)
    {
        var method = session.SetupIntent.PaymentMethod;
        if (await FraudFlags.IsFlaggedAsync(db, method.Card.Fingerprint, ct))
        {
            await RefuseAsync(db, setup, method, FraudFlags.NotHere, fraud: false, ct);
            return;
        }

        if (await db.IsClosingAsync(setup.AccountId, ct))
        {
            await RefuseAsync(db, setup, method, CardKeeping.ClosedMeanwhile, fraud: false, ct);
            return;
        }

        var verdict = await authorization.RunAsync(db, setup, method, session.CustomerId, ct);
        if (verdict.IsAccepted)
        {
            var (now, kept) = (clock.GetUtcNow(), Outcome.Done);
            await EndAsync(
                db,
                setup,
                () => Settle(setup, kept, now),
                action: null,
                ct,
                async () =>
                    kept = await CardKeeping.KeepAsync(
                        db,
                        Actor.Portal(setup.AccountId),
                        ACard(setup, method, CardState.Valid),
                        setup.ReplacesCardId,
                        ladder.AccountsPerCard,
                        now,
                        ct
                    )
            );
        }
        else if (verdict.IsKnown)
        {
            await RefuseAsync(db, setup, method, Declines.Sentence(verdict.Error), Declines.IsFraud(verdict.Error), ct);
        }
    }

    private async Task RefuseAsync(PortalDb db, CardSetup setup, PaymentMethod method, string why, bool fraud, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await EndAsync(
            db,
            setup,
            () => setup.Refuse(why, now),
            "RefuseCard",
            ct,
            async () =>
            {
                // Kept as refused, so that it is detached at Stripe.
                db.Cards.Add(ACard(setup, method, CardState.Refused, why));
                if (fraud)
                {
                    await FraudFlags.FlagAsync(db, method.Card.Fingerprint, $"Blocked at the card check of {setup.AccountId}", now, ct);
                }
            }
        );
    }

    /// <summary>The end, whatever it is: the rows, the audit and the setup's state in one transaction.</summary>
    private async Task EndAsync(PortalDb db, CardSetup setup, Action settle, string? action, CancellationToken ct, Func<Task>? also = null)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (also is not null)
        {
            await also();
        }

        settle();
        if (action is not null)
        {
            db.AuditEntries.Add(
                Actor.Portal(setup.AccountId).Audit(clock.GetUtcNow(), action, setup.Id.ToString(), after: new { setup.Problem })
            );
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    private static Model.Billing.Card ACard(CardSetup setup, PaymentMethod method, CardState state, string? problem = null) =>
        new()
        {
            Id = method.Id,
            AccountId = setup.AccountId,
            Brand = method.Card.Brand,
            Last4 = method.Card.Last4,
            ExpiryMonth = (int)method.Card.ExpMonth,
            ExpiryYear = (int)method.Card.ExpYear,
            Fingerprint = method.Card.Fingerprint,
            IsPrepaid = method.Card.Funding is "prepaid",
            State = state,
            Problem = problem,
            AddedAt = setup.CreatedAt,
        };

    private static void Settle(CardSetup setup, Outcome kept, DateTimeOffset now)
    {
        if (kept.Reason is { } reason)
        {
            setup.Refuse(reason, now);
        }
        else
        {
            setup.Succeed(now);
        }
    }

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stripe does not answer for card setup {SetupId}; it is tried again: {Reason}")]
    private static partial void LogAway(ILogger log, Guid setupId, string reason);
}
