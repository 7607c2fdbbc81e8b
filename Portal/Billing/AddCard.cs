using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Stripe;
using Stripe.Checkout;

namespace Portal.Billing;

/// <summary>
/// Leads a customer to Stripe's card page. Each step is saved before Stripe is asked for the next, and asked with a key of its own row.
/// </summary>
public sealed partial class AddCard(
    IDbContextFactory<PortalDb> dbs,
    StripeClient stripe,
    CardJobs jobs,
    AttemptLimits limits,
    TimeProvider clock,
    ILogger<AddCard> log
)
{
    /// <summary>Somebody who tries more cards than this in an hour tests stolen numbers.</summary>
    public const int MostPerHour = 20;

    /// <summary>And somebody of whom not even an address is known gets no more verdicts than typing errors need.</summary>
    public const int MostUnconfirmed = 5;

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
        var begun = new CardSetup
        {
            Id = Guid.CreateVersion7(now),
            AccountId = actor.AccountId,
            CreatedAt = now,
            CheckAt = now + FirstLook,
            ReturnTo = LocalUrl.Or(returnTo, "/billing/card"),
            ReplacesCardId = replaces,
        };
        if (await SaveAsync(db, actor, begun, ct) is { IsDone: false } refused)
        {
            return refused;
        }

        try
        {
            return await OpenPageAsync(db, actor, begun, origin.TrimEnd('/'), ct);
        }
        catch (Exception error)
            when (error is StripeException or HttpRequestException || (error is TaskCanceledException && !ct.IsCancellationRequested))
        {
            LogAway(log, begun.Id, error);
            return Refusal.State(Away);
        }
    }

    /// <summary>The customer came back without a card: the page is closed, unless it was used meanwhile in another tab.</summary>
    public async Task CancelAsync(Actor actor, Guid setupId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (
            await db.CardSetups.AsNoTracking().SingleOrDefaultAsync(setup => setup.Id == setupId && setup.AccountId == actor.AccountId, ct)
            is not { IsSettled: false, CheckoutSessionId: { } session }
        )
        {
            return;
        }

        try
        {
            await stripe.V1.Checkout.Sessions.ExpireAsync(session, cancellationToken: ct);
        }
        catch (Exception error)
            when (error is StripeException or HttpRequestException || (error is TaskCanceledException && !ct.IsCancellationRequested))
        {
            // It was completed or had expired, or Stripe is away: the job finds out which.
            LogAway(log, setupId, error);
        }

        jobs.Apply(setupId);
    }

    /// <summary>Counted and added under the account's lock, so that tries at the same time are counted too.</summary>
    private async Task<Outcome> SaveAsync(PortalDb db, Actor actor, CardSetup begun, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.LockAccountAsync(actor.AccountId, ct);
        if (await WhyNotAsync(db, actor, begun, ct) is { } refusal)
        {
            return refusal;
        }

        db.CardSetups.Add(begun);
        db.AuditEntries.Add(
            actor.Audit(begun.CreatedAt, "BeginCardSetup", begun.Id.ToString(), after: new { Replaces = begun.ReplacesCardId })
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    private async Task<Refusal?> WhyNotAsync(PortalDb db, Actor actor, CardSetup begun, CancellationToken ct)
    {
        if (await db.IsClosingAsync(actor.AccountId, ct))
        {
            return Refusal.Forbidden(CreateRule.Closing);
        }

        if (await db.IsUnreconciledAsync(ct))
        {
            return Refusal.State(Restoration.NoCards);
        }

        var (mine, hourAgo) = (db.CardSetups.Where(setup => setup.AccountId == actor.AccountId), begun.CreatedAt.AddHours(-1));
        if (await mine.CountAsync(setup => setup.CreatedAt > hourAgo, ct) >= MostPerHour)
        {
            return Refusal.Limit("Too many cards were tried. Wait an hour, then try again.");
        }

        if (
            await mine.CountAsync(ct) >= MostUnconfirmed
            && !await db.Users.AnyAsync(user => user.AccountId == actor.AccountId && user.EmailConfirmed, ct)
        )
        {
            return Refusal.Forbidden("Confirm your e-mail address before you try more cards: open the link that we sent you.");
        }

        if (
            begun.ReplacesCardId is { } replaced
            && !await db.Cards.AnyAsync(
                card => card.Id == replaced && card.AccountId == actor.AccountId && card.State == CardState.Valid,
                ct
            )
        )
        {
            return Refusal.NotFound("The card to be replaced is no longer here.");
        }

        return await limits.TryTakeCardAsync(actor.From, ct)
            ? null
            : Refusal.Limit("Too many cards were tried from your network. Wait an hour, then try again.");
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
            ct
        );
        setup.CheckoutSessionId = session.Id;
        await db.SaveChangesAsync(ct);
        return new Uri(session.Url);
    }

    /// <summary>
    /// Stripe's customer of this account, made once whoever is first; the parameters follow from the account alone, as the key does.
    /// </summary>
    private async Task<string> EnsureCustomerAsync(PortalDb db, Actor actor, CancellationToken ct)
    {
        if (
            await db.Accounts.Where(account => account.Id == actor.AccountId).Select(account => account.StripeCustomerId).SingleAsync(ct) is
            { } known
        )
        {
            return known;
        }

        var made = await stripe.V1.Customers.CreateAsync(
            new CustomerCreateOptions
            {
                Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["account"] = actor.AccountId },
            },
            new RequestOptions { IdempotencyKey = $"customer-{actor.AccountId}" },
            ct
        );
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var mine = await db
            .Accounts.Where(account => account.Id == actor.AccountId && account.StripeCustomerId == null)
            .ExecuteUpdateAsync(account => account.SetProperty(changed => changed.StripeCustomerId, made.Id), ct);
        if (mine == 1)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "CreateStripeCustomer", actor.AccountId, after: new { made.Id }));
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return (
            await db.Accounts.Where(account => account.Id == actor.AccountId).Select(account => account.StripeCustomerId).SingleAsync(ct)
        )!;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stripe did not open or close the card page of setup {SetupId}")]
    private static partial void LogAway(ILogger log, Guid setupId, Exception error);
}
