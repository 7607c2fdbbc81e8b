using Stripe;

namespace Portal.Sandbox.Billing;

internal static class PaymentIntents
{
    private static readonly string[] Cancelable =
    [
        "requires_payment_method",
        "requires_capture",
        "requires_confirmation",
        "requires_action",
        "processing",
    ];

    public static IEnumerable<Route> Routes =>
        [
            Route.Post<PaymentIntentCreateOptions, PaymentIntent>(
                "/v1/payment_intents",
                "amount currency customer payment_method allowed_payment_method_types capture_method confirm off_session description metadata",
                Create
            ),
            Route.Get<PaymentIntentGetOptions, PaymentIntent>("/v1/payment_intents/{id}", "", (call, _) => Get(call)),
            Route.Get<PaymentIntentListOptions, StripeList<PaymentIntent>>(
                "/v1/payment_intents",
                "customer limit starting_after ending_before",
                (call, options) =>
                    Listing.Of(
                        call,
                        options,
                        call.Books.All<PaymentIntent>()
                            .Where(intent =>
                                options.Customer is null || string.Equals(intent.CustomerId, options.Customer, StringComparison.Ordinal)
                            )
                    )
            ),
            Route.Post<PaymentIntentCancelOptions, PaymentIntent>("/v1/payment_intents/{id}/cancel", "cancellation_reason", Cancel),
            Route.Get<ChargeGetOptions, Charge>(
                "/v1/charges/{id}",
                "",
                (call, _) => call.Books.Find<Charge>(call.Id) ?? throw Refusal.NoSuch("charge", call.Id)
            ),
        ];

    private static PaymentIntent Get(Call call) =>
        call.Books.Find<PaymentIntent>(call.Id) ?? throw Refusal.NoSuch("payment_intent", call.Id);

    private static PaymentIntent Create(Call call, PaymentIntentCreateOptions options)
    {
        var method = Check(call, options);
        var id = Books.NewId("pi_");
        var intent = call.Books.Add(
            new PaymentIntent
            {
                Id = id,
                Object = "payment_intent",
                Amount = options.Amount!.Value,
                Currency = options.Currency.ToLowerInvariant(),
                CaptureMethod = options.CaptureMethod ?? "automatic_async",
                ClientSecret = Books.NewId($"{id}_secret_"),
                ConfirmationMethod = "automatic",
                Created = call.Books.Now,
                CustomerId = options.Customer,
                Description = options.Description,
                Metadata = options.Metadata ?? [],
                PaymentMethodId = method?.Id,
                AllowedPaymentMethodTypes = options.AllowedPaymentMethodTypes,
                PaymentMethodTypes = ["card"],
                Status = method is null ? "requires_payment_method" : "requires_confirmation",
            }
        );
        call.Books.Tell("payment_intent.created", intent, call.Request);
        if (options.Confirm is true && method is not null)
        {
            Charge(call, intent, method);
        }

        return intent;
    }

    private static PaymentMethod? Check(Call call, PaymentIntentCreateOptions options)
    {
        if (options.Amount is not { } amount)
        {
            throw Refusal.Missing("amount");
        }

        if (options.Currency is null)
        {
            throw Refusal.Missing("currency");
        }

        if (amount < 50)
        {
            throw Refusal.Invalid("Amount must be at least $0.50 usd", "amount_too_small", "amount");
        }

        if (options.OffSession is true && options.Confirm is not true)
        {
            throw Refusal.Invalid("You can only use `off_session` when `confirm=true`.", param: "off_session");
        }

        if (options.Customer is { } customer && call.Books.Find<Customer>(customer) is null)
        {
            throw Refusal.NoSuch("customer", customer, "customer");
        }

        if (options.PaymentMethod is not { } id)
        {
            return options.Confirm is true ? throw Refusal.Missing("payment_method") : null;
        }

        var method = call.Books.Find<PaymentMethod>(id) ?? throw Refusal.NoSuch("PaymentMethod", id, "payment_method");
        return string.Equals(method.CustomerId, options.Customer, StringComparison.Ordinal)
            ? method
            : throw Refusal.Invalid(
                $"The customer does not have a payment method with the ID {id}. The payment method must be attached to the customer.",
                "resource_missing",
                "payment_method"
            );
    }

    private static void Charge(Call call, PaymentIntent intent, PaymentMethod method)
    {
        var decline =
            TestCard.OfFingerprint(method.Card.Fingerprint)?.AtCharge ?? (IsPast(method.Card, call.Books.Now) ? Decline.Expired : null);
        var charge = call.Books.Add(ChargeOf(call.Books, intent, method, decline));
        intent.LatestChargeId = charge.Id;
        if (decline is not null)
        {
            intent.Status = "requires_payment_method";
            intent.PaymentMethodId = null;
            intent.LastPaymentError = decline.ToError(intent: null, method);
            intent.LastPaymentError.Charge = charge.Id;
            call.Books.Tell("charge.failed", charge, call.Request);
            call.Books.Tell("payment_intent.payment_failed", intent, call.Request);
            throw Refusal.Card(decline, (PaymentIntent)StripeEntity.FromJson(intent.ToJson()), method);
        }

        var later = intent.CaptureMethod is "manual";
        intent.Status = later ? "requires_capture" : "succeeded";
        (intent.AmountCapturable, intent.AmountReceived) = later ? (intent.Amount, 0L) : (0L, intent.Amount);
        call.Books.Tell("charge.succeeded", charge, call.Request);
        call.Books.Tell(later ? "payment_intent.amount_capturable_updated" : "payment_intent.succeeded", intent, call.Request);
    }

    private static Charge ChargeOf(Books books, PaymentIntent intent, PaymentMethod method, Decline? decline) =>
        new()
        {
            Id = Books.NewId("ch_"),
            Object = "charge",
            Amount = intent.Amount,
            AmountCaptured = decline is null && intent.CaptureMethod is not "manual" ? intent.Amount : 0,
            BillingDetails = new ChargeBillingDetails { Name = method.BillingDetails.Name, Address = new Address() },
            Captured = decline is null && intent.CaptureMethod is not "manual",
            Created = books.Now,
            Currency = intent.Currency,
            CustomerId = intent.CustomerId,
            FailureCode = decline?.Code,
            FailureMessage = decline?.Message,
            Metadata = [],
            Paid = decline is null,
            PaymentIntentId = intent.Id,
            PaymentMethod = method.Id,
            Status = decline is null ? "succeeded" : "failed",
            Outcome = new ChargeOutcome
            {
                Type = decline switch
                {
                    null => "authorized",
                    { DeclineCode: "fraudulent" } => "blocked",
                    _ => "issuer_declined",
                },
                RiskLevel = decline is { DeclineCode: "fraudulent" } ? "highest" : "normal",
                NetworkStatus = decline switch
                {
                    null => "approved_by_network",
                    { DeclineCode: "fraudulent" } => "not_sent_to_network",
                    _ => "declined_by_network",
                },
                Reason = decline?.DeclineCode,
                SellerMessage = decline is null ? "Payment complete." : "The bank did not approve this payment.",
            },
        };

    private static bool IsPast(PaymentMethodCard card, DateTime now) => (card.ExpYear, card.ExpMonth).CompareTo((now.Year, now.Month)) < 0;

    private static PaymentIntent Cancel(Call call, PaymentIntentCancelOptions options)
    {
        var intent = Get(call);
        if (!Cancelable.Contains(intent.Status, StringComparer.Ordinal))
        {
            throw Refusal.Invalid(
                $"You cannot cancel this PaymentIntent because it has a status of {intent.Status}. Only a PaymentIntent with one of the following statuses may be canceled: {string.Join(", ", Cancelable)}.",
                "payment_intent_unexpected_state"
            );
        }

        if (call.Books.Find<Charge>(intent.LatestChargeId) is { Paid: true } charge)
        {
            (charge.Refunded, charge.AmountRefunded) = (true, charge.Amount);
        }

        (intent.Status, intent.CanceledAt, intent.AmountCapturable, intent.CancellationReason) = (
            "canceled",
            call.Books.Now,
            0,
            options.CancellationReason
        );
        call.Books.Tell("payment_intent.canceled", intent, call.Request);
        return intent;
    }
}
