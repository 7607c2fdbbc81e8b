using Stripe;
using Stripe.Checkout;

namespace Portal.Sandbox.Billing;

internal static class CheckoutSessions
{
    private static readonly TimeSpan DefaultLife = TimeSpan.FromHours(24);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(30);

    public static IEnumerable<Route> Routes =>
        [
            Route.Post<SessionCreateOptions, Session>(
                "/v1/checkout/sessions",
                "mode customer success_url cancel_url allowed_payment_method_types client_reference_id metadata expires_at setup_intent_data.metadata",
                Create
            ),
            Route.Get<SessionGetOptions, Session>("/v1/checkout/sessions/{id}", "", (call, _) => Get(call)),
            Route.Get<SessionListOptions, StripeList<Session>>(
                "/v1/checkout/sessions",
                "customer status limit starting_after ending_before",
                (call, options) =>
                    Listing.Of(
                        call,
                        options,
                        call.Books.All<Session>()
                            .Where(session =>
                                (options.Customer is null || string.Equals(session.CustomerId, options.Customer, StringComparison.Ordinal))
                                && (options.Status is null || string.Equals(session.Status, options.Status, StringComparison.Ordinal))
                            )
                    )
            ),
            Route.Post<SessionExpireOptions, Session>("/v1/checkout/sessions/{id}/expire", "", (call, _) => ExpireNow(call)),
        ];

    /// <summary>Ends every open session whose time is over; they end whether or not anybody looks.</summary>
    public static bool ExpireOld(Books books)
    {
        var old = books.All<Session>().Where(session => session.Status is "open" && session.ExpiresAt <= books.Now).ToList();
        old.ForEach(session => Expire(books, session, request: null));
        return old.Count > 0;
    }

    public static void Expire(Books books, Session session, EventRequest? request)
    {
        (session.Status, session.Url) = ("expired", null);
        books.Tell("checkout.session.expired", session, request);
    }

    public static void Complete(Books books, Session session, PaymentMethod method)
    {
        SetupIntents.Succeed(books, books.Find<SetupIntent>(session.SetupIntentId)!, method);
        (session.Status, session.Url) = ("complete", null);
        session.CustomerDetails = new SessionCustomerDetails
        {
            Name = method.BillingDetails.Name,
            Email = books.Find<Customer>(session.CustomerId)?.Email,
        };
        books.Tell("checkout.session.completed", session);
    }

    private static Session Get(Call call) => call.Books.Find<Session>(call.Id) ?? throw Refusal.NoSuch("checkout.session", call.Id);

    private static Session Create(Call call, SessionCreateOptions options)
    {
        Check(call, options);
        var id = Books.NewId("cs_test_", 58);
        var intent = SetupIntents.Make(call, options.Customer, options.SetupIntentData?.Metadata);
        return call.Books.Add(
            new Session
            {
                Id = id,
                Object = "checkout.session",
                Mode = options.Mode,
                Status = "open",
                PaymentStatus = "no_payment_required",
                Created = call.Books.Now,
                ExpiresAt = options.ExpiresAt ?? call.Books.Now + DefaultLife,
                CustomerId = options.Customer,
                ClientReferenceId = options.ClientReferenceId,
                Metadata = options.Metadata ?? [],
                SuccessUrl = options.SuccessUrl,
                CancelUrl = options.CancelUrl,
                AllowedPaymentMethodTypes = options.AllowedPaymentMethodTypes,
                PaymentMethodTypes = ["card"],
                SetupIntentId = intent.Id,
                UiMode = "hosted_page",
                Url = $"{call.BaseUrl}/checkout/{id}",
                CustomFields = [],
                ShippingOptions = [],
                AutomaticTax = new SessionAutomaticTax { Enabled = false },
                CustomText = new SessionCustomText(),
            }
        );
    }

    private static void Check(Call call, SessionCreateOptions options)
    {
        if (options.Mode is not "setup")
        {
            throw options.Mode is null ? Refusal.Missing("mode") : Refusal.NotPlayed($"mode={options.Mode}");
        }

        if (options.SuccessUrl is null)
        {
            throw Refusal.Missing("success_url");
        }

        if (options.AllowedPaymentMethodTypes is not ["card"])
        {
            throw Refusal.NotPlayed("payment methods other than card; send allowed_payment_method_types[0]=card");
        }

        if (options.Customer is { } customer && call.Books.Find<Customer>(customer) is null)
        {
            throw Refusal.NoSuch("customer", customer, "customer");
        }

        var life = (options.ExpiresAt ?? call.Books.Now + DefaultLife) - call.Books.Now;
        if (life < ShortestLife - TimeSpan.FromSeconds(1) || life > DefaultLife)
        {
            throw Refusal.Invalid(
                "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation, and less than 24 hours.",
                param: "expires_at"
            );
        }
    }

    private static Session ExpireNow(Call call)
    {
        var session = Get(call);
        if (session.Status is not "open")
        {
            throw Refusal.Invalid(
                $"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {session.Status}."
            );
        }

        Expire(call.Books, session, call.Request);
        return session;
    }
}
