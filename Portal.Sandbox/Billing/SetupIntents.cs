using Stripe;

namespace Portal.Sandbox.Billing;

internal static class SetupIntents
{
    public static IEnumerable<Route> Routes =>
        [
            Route.Get<SetupIntentGetOptions, SetupIntent>(
                "/v1/setup_intents/{id}",
                "",
                (call, _) => call.Books.Find<SetupIntent>(call.Id) ?? throw Refusal.NoSuch("setupintent", call.Id)
            ),
            Route.Get<SetupIntentListOptions, StripeList<SetupIntent>>(
                "/v1/setup_intents",
                "customer limit starting_after ending_before",
                (call, options) =>
                    Listing.Of(
                        call,
                        options,
                        call.Books.All<SetupIntent>()
                            .Where(intent =>
                                options.Customer is null || string.Equals(intent.CustomerId, options.Customer, StringComparison.Ordinal)
                            )
                    )
            ),
        ];

    public static SetupIntent Make(Call call, string? customer, Dictionary<string, string>? metadata)
    {
        var id = Books.NewId("seti_");
        var intent = call.Books.Add(
            new SetupIntent
            {
                Id = id,
                Object = "setup_intent",
                Created = call.Books.Now,
                ClientSecret = Books.NewId($"{id}_secret_"),
                CustomerId = customer,
                Metadata = metadata ?? [],
                PaymentMethodTypes = ["card"],
                Status = "requires_payment_method",
                Usage = "off_session",
            }
        );
        call.Books.Tell("setup_intent.created", intent, call.Request);
        return intent;
    }

    public static void Fail(Books books, SetupIntent intent, Decline decline, PaymentMethod? method)
    {
        intent.Status = "requires_payment_method";
        intent.PaymentMethodId = null;
        intent.NextAction = null;
        intent.LastSetupError = decline.ToError(intent: null, method);
        books.Tell("setup_intent.setup_failed", intent);
    }

    /// <summary>The bank wants to see the card's owner: the intent waits for the page that asks.</summary>
    public static void AskForAuthentication(Books books, SetupIntent intent, PaymentMethod method, string url)
    {
        intent.Status = "requires_action";
        intent.PaymentMethodId = method.Id;
        intent.NextAction = new SetupIntentNextAction
        {
            Type = "redirect_to_url",
            RedirectToUrl = new SetupIntentNextActionRedirectToUrl { Url = url },
        };
        books.Tell("setup_intent.requires_action", intent);
    }

    public static void Succeed(Books books, SetupIntent intent, PaymentMethod method)
    {
        intent.Status = "succeeded";
        intent.PaymentMethodId = method.Id;
        intent.NextAction = null;
        intent.LastSetupError = null;
        if (intent.CustomerId is { } customer)
        {
            PaymentMethods.AttachTo(books, method, customer, request: null);
        }

        books.Tell("setup_intent.succeeded", intent);
    }
}
