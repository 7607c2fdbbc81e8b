using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Stripe;
using Stripe.Checkout;

namespace Portal.Billing;

/// <summary>Leads a customer to Stripe's card page. Each step is saved before Stripe is asked for the next, and asked with a key of its own row.</summary>
public sealed partial class AddCard(IDbContextFactory<PortalDb> dbs, StripeClient stripe, CardJobs jobs, TimeProvider clock, ILogger<AddCard> log)
{
    /// <summary>Somebody who tries more cards than this in an hour tests stolen numbers.</summary>
    public const int MostPerHour = 20;

    private const string Away = "Stripe, where cards are entered, does not answer just now. Nothing was charged; try again in a minute.";

    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(2);

    /// <summary>The address of the card page.</summary>
    /// <param name="origin">Where Portal is reached, e.g. <c>https://portal.example.com</c>.</param>
    /// <param name="returnTo">A page of Portal to go on to afterwards; anything else is dropped.</param>
    /// <param name="replaces">The card whose place the new one takes.</param>
    public async Task<Outcome<Uri>> BeginAsync(Actor actor, string origin, string? returnTo, string? replaces, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.CardSetups.CountAsync(setup => setup.AccountId == actor.AccountId && setup.CreatedAt > now.AddHours(-1), ct) >= MostPerHour)
        {
            return Outcome.Refused("Too many cards were tried. Wait an hour, then try again.");
        }

        if (replaces is not null && !await db.Cards.AnyAsync(card => card.Id == replaces && card.AccountId == actor.AccountId && card.State == CardState.Valid, ct))
        {
            return Outcome.Refused("The card to be replaced is no longer here.");
        }

        var begun = new CardSetup
        {
            Id = Guid.CreateVersion7(now),
            AccountId = actor.AccountId,
            CreatedAt = now,
            CheckAt = now + FirstLook,
            ReturnTo = LocalUrl.Or(returnTo, "/billing/card"),
            ReplacesCardId = replaces,
        };
        db.CardSetups.Add(begun);
        db.AuditEntries.Add(actor.Audit(now, "BeginCardSetup", begun.Id.ToString(), after: new { Replaces = replaces }));
        await db.SaveChangesAsync(ct);
        try
        {
            return await OpenPageAsync(db, actor, begun, origin.TrimEnd('/'), ct);
        }
        catch (Exception error) when (error is StripeException or HttpRequestException || (error is TaskCanceledException && !ct.IsCancellationRequested))
        {
            LogAway(log, begun.Id, error);
            return Outcome.Refused(Away);
        }
    }

    /// <summary>The customer came back without a card: the page is closed, unless it was used meanwhile in another tab.</summary>
    public async Task CancelAsync(Actor actor, Guid setupId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.CardSetups.AsNoTracking().SingleOrDefaultAsync(setup => setup.Id == setupId && setup.AccountId == actor.AccountId, ct) is not { IsSettled: false, CheckoutSessionId: { } session })
        {
            return;
        }

        try
        {
            await stripe.V1.Checkout.Sessions.ExpireAsync(session, cancellationToken: ct);
        }
        catch (Exception error) when (error is StripeException or HttpRequestException || (error is TaskCanceledException && !ct.IsCancellationRequested))
        {
            // It was completed or had expired, or Stripe is away: the job finds out which.
            LogAway(log, setupId, error);
        }

        jobs.Apply(setupId);
    }

    private async Task<Outcome<Uri>> OpenPageAsync(PortalDb db, Actor actor, CardSetup setup, string origin, CancellationToken ct)
    {
        var customer = await EnsureCustomerAsync(db, actor, ct);
        var back = $"{origin}/billing/card/return/{setup.Id}";
        var session = await stripe.V1.Checkout.Sessions.CreateAsync(
            new SessionCreateOptions
            {
                Mode = "setup",
                Customer = customer,
                AllowedPaymentMethodTypes = ["card"],
                SuccessUrl = back,
                CancelUrl = $"{back}?cancelled=true",
                ClientReferenceId = setup.Id.ToString(),
                ExpiresAt = (setup.CreatedAt + CardSetup.PageLife).UtcDateTime,
            },
            new RequestOptions { IdempotencyKey = $"card-page-{setup.Id}" },
            ct);
        setup.CheckoutSessionId = session.Id;
        await db.SaveChangesAsync(ct);
        return new Uri(session.Url);
    }

    /// <summary>Stripe's customer of this account, made once whoever is first; the parameters follow from the account alone, as the key does.</summary>
    private async Task<string> EnsureCustomerAsync(PortalDb db, Actor actor, CancellationToken ct)
    {
        if (await db.Accounts.Where(account => account.Id == actor.AccountId).Select(account => account.StripeCustomerId).SingleAsync(ct) is { } known)
        {
            return known;
        }

        var made = await stripe.V1.Customers.CreateAsync(
            new CustomerCreateOptions { Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["account"] = actor.AccountId } },
            new RequestOptions { IdempotencyKey = $"customer-{actor.AccountId}" },
            ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var mine = await db.Accounts.Where(account => account.Id == actor.AccountId && account.StripeCustomerId == null)
            .ExecuteUpdateAsync(account => account.SetProperty(changed => changed.StripeCustomerId, made.Id), ct);
        if (mine == 1)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "CreateStripeCustomer", actor.AccountId, after: new { made.Id }));
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return (await db.Accounts.Where(account => account.Id == actor.AccountId).Select(account => account.StripeCustomerId).SingleAsync(ct))!;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stripe did not open or close the card page of setup {SetupId}")]
    private static partial void LogAway(ILogger log, Guid setupId, Exception error);
}
