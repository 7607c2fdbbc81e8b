using Stripe;

namespace Portal.Sandbox.Billing;

internal static class PaymentMethods
{
    public static IEnumerable<Route> Routes =>
        [
            Route.Get<PaymentMethodGetOptions, PaymentMethod>("/v1/payment_methods/{id}", "", (call, _) => Get(call)),
            Route.Get<PaymentMethodListOptions, StripeList<PaymentMethod>>(
                "/v1/payment_methods",
                "customer type limit starting_after ending_before",
                (call, options) =>
                    Listing.Of(call, options, OfCustomer(call.Books, options.Customer ?? throw Refusal.Missing("customer"), options.Type))
            ),
            Route.Post<PaymentMethodAttachOptions, PaymentMethod>("/v1/payment_methods/{id}/attach", "customer", Attach),
            Route.Post<PaymentMethodDetachOptions, PaymentMethod>("/v1/payment_methods/{id}/detach", "", (call, _) => Detach(call)),
        ];

    public static IEnumerable<PaymentMethod> OfCustomer(Books books, string customer, string? type) =>
        books
            .All<PaymentMethod>()
            .Where(method =>
                string.Equals(method.CustomerId, customer, StringComparison.Ordinal)
                && (type is null || string.Equals(method.Type, type, StringComparison.Ordinal))
            );

    public static PaymentMethod Make(Books books, EnteredCard entered, TestCard card)
    {
        var (month, year) = entered.Expires!.Value;
        return books.Add(
            new PaymentMethod
            {
                Id = Books.NewId("pm_"),
                Object = "payment_method",
                Type = "card",
                Created = books.Now,
                AllowRedisplay = "limited",
                BillingDetails = new PaymentMethodBillingDetails { Name = entered.Name, Address = new Address() },
                Metadata = [],
                Card = new PaymentMethodCard
                {
                    Brand = card.Brand,
                    DisplayBrand = card.Brand,
                    Country = "US",
                    ExpMonth = month,
                    ExpYear = year,
                    Fingerprint = card.Fingerprint,
                    Funding = card.Funding,
                    Last4 = entered.Last4,
                    RegulatedStatus = "unregulated",
                    Checks = new PaymentMethodCardChecks { CvcCheck = "pass" },
                    Networks = new PaymentMethodCardNetworks { Available = [card.Brand] },
                    ThreeDSecureUsage = new PaymentMethodCardThreeDSecureUsage { Supported = true },
                },
            }
        );
    }

    public static void AttachTo(Books books, PaymentMethod method, string customer, EventRequest? request)
    {
        method.CustomerId = customer;
        books.Tell("payment_method.attached", method, request);
    }

    private static PaymentMethod Get(Call call) =>
        call.Books.Find<PaymentMethod>(call.Id) ?? throw Refusal.NoSuch("PaymentMethod", call.Id);

    private static PaymentMethod Attach(Call call, PaymentMethodAttachOptions options)
    {
        var method = Get(call);
        var customer =
            call.Books.Find<Customer>(options.Customer ?? throw Refusal.Missing("customer"))
            ?? throw Refusal.NoSuch("customer", options.Customer, "customer");
        if (method.CustomerId is { } owner && !string.Equals(owner, customer.Id, StringComparison.Ordinal))
        {
            throw Refusal.Invalid(
                "The payment method you provided has already been attached to a customer.",
                "payment_method_unexpected_state"
            );
        }

        if (TestCard.OfFingerprint(method.Card.Fingerprint)?.AtSetup is { } decline)
        {
            throw Refusal.Card(decline);
        }

        AttachTo(call.Books, method, customer.Id, call.Request);
        return method;
    }

    private static PaymentMethod Detach(Call call)
    {
        var method = Get(call);
        if (method.CustomerId is null)
        {
            throw Refusal.Invalid(
                "The payment method you provided is not attached to a customer so detachment is impossible.",
                "payment_method_unexpected_state"
            );
        }

        method.Customer = null;
        method.CustomerId = null;
        call.Books.Tell("payment_method.detached", method, call.Request);
        return method;
    }
}
