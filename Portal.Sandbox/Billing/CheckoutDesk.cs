using Stripe;
using Stripe.Checkout;

namespace Portal.Sandbox.Billing;

/// <summary>What comes of a step on the card page.</summary>
/// <param name="Problems">Field and sentence; the field <c>card</c> stands for the whole.</param>
internal sealed record CheckoutStep(Session? Session, string? GoTo = null, IReadOnlyDictionary<string, string>? Problems = null);

/// <summary>The card page's side of a Checkout session: takes the card, asks the bank, completes the session exactly once.</summary>
internal sealed class CheckoutDesk(Books books, TimeProvider clock)
{
    public CheckoutStep Look(string id)
    {
        lock (books.Gate)
        {
            return new CheckoutStep(books.Find<Session>(id));
        }
    }

    /// <summary>A card was entered.</summary>
    public CheckoutStep Submit(string id, EnteredCard entered)
    {
        lock (books.Gate)
        {
            if (books.Find<Session>(id) is not { Status: "open" } session)
            {
                return new CheckoutStep(books.Find<Session>(id));
            }

            books.Changed = true;
            return entered.Problems(clock.GetUtcNow()) is { Count: > 0 } problems
                ? new CheckoutStep(session, Problems: problems)
                : Take(session, entered);
        }
    }

    /// <summary>The owner answered the bank's question, or failed to.</summary>
    public CheckoutStep Authenticate(string id, bool passed)
    {
        lock (books.Gate)
        {
            if (Pending(id) is not { } pending)
            {
                return new CheckoutStep(books.Find<Session>(id));
            }

            books.Changed = true;
            if (!passed)
            {
                SetupIntents.Fail(books, pending.Intent, Decline.FailedAuthentication, pending.Method);
                return new CheckoutStep(pending.Session, GoTo: $"/checkout/{id}");
            }

            CheckoutSessions.Complete(books, pending.Session, pending.Method);
            return Done(pending.Session);
        }
    }

    /// <summary>The last failure of a session, to be shown when its page is opened again.</summary>
    public string? LastProblem(Session session)
    {
        lock (books.Gate)
        {
            return books.Find<SetupIntent>(session.SetupIntentId)?.LastSetupError?.Message;
        }
    }

    public bool IsAuthenticating(string id)
    {
        lock (books.Gate)
        {
            return Pending(id) is not null;
        }
    }

    private CheckoutStep Take(Session session, EnteredCard entered)
    {
        var intent = books.Find<SetupIntent>(session.SetupIntentId)!;
        var card = entered.Card;
        var method = card is null ? null : PaymentMethods.Make(books, entered, card);
        if (method is null || card!.AtSetup is not null)
        {
            var decline = card?.AtSetup ?? Decline.NotATestCard;
            SetupIntents.Fail(books, intent, decline, method);
            return new CheckoutStep(
                session,
                Problems: new Dictionary<string, string>(StringComparer.Ordinal) { ["card"] = decline.Message }
            );
        }

        if (card.Authenticates)
        {
            var page = $"/checkout/{session.Id}/authenticate";
            SetupIntents.AskForAuthentication(books, intent, method, page);
            return new CheckoutStep(session, GoTo: page);
        }

        CheckoutSessions.Complete(books, session, method);
        return Done(session);
    }

    private (Session Session, SetupIntent Intent, PaymentMethod Method)? Pending(string id) =>
        books.Find<Session>(id) is { Status: "open" } session
        && books.Find<SetupIntent>(session.SetupIntentId) is { Status: "requires_action" } intent
        && books.Find<PaymentMethod>(intent.PaymentMethodId) is { } method
            ? (session, intent, method)
            : null;

    private static CheckoutStep Done(Session session) =>
        new(session, GoTo: session.SuccessUrl.Replace("{CHECKOUT_SESSION_ID}", session.Id, StringComparison.Ordinal));
}
