using Stripe;

namespace Portal.Sandbox.Billing;

internal static class Customers
{
    public static IEnumerable<Route> Routes =>
        [
            Route.Post<CustomerCreateOptions, Customer>("/v1/customers", "email name description metadata", Create),
            Route.Get<CustomerGetOptions, Customer>("/v1/customers/{id}", "", (call, _) => Get(call)),
            Route.Post<CustomerUpdateOptions, Customer>(
                "/v1/customers/{id}",
                "email name description metadata invoice_settings.default_payment_method",
                Update
            ),
            Route.Get<CustomerPaymentMethodListOptions, StripeList<PaymentMethod>>(
                "/v1/customers/{id}/payment_methods",
                "type limit starting_after ending_before",
                (call, options) => Listing.Of(call, options, PaymentMethods.OfCustomer(call.Books, Get(call).Id, options.Type))
            ),
        ];

    private static Customer Create(Call call, CustomerCreateOptions options)
    {
        var customer = call.Books.Add(
            new Customer
            {
                Id = Books.NewId("cus_", 14),
                Object = "customer",
                Created = call.Books.Now,
                Email = options.Email,
                Name = options.Name,
                Description = options.Description,
                Metadata = options.Metadata ?? [],
                InvoiceSettings = new CustomerInvoiceSettings(),
                InvoicePrefix = Books.NewId("", 8).ToUpperInvariant(),
                NextInvoiceSequence = 1,
                TaxExempt = "none",
                PreferredLocales = [],
            }
        );
        call.Books.Tell("customer.created", customer, call.Request);
        return customer;
    }

    private static Customer Get(Call call) => call.Books.Find<Customer>(call.Id) ?? throw Refusal.NoSuch("customer", call.Id);

    private static Customer Update(Call call, CustomerUpdateOptions options)
    {
        var customer = Get(call);
        customer.Email = options.Email ?? customer.Email;
        customer.Name = options.Name ?? customer.Name;
        customer.Description = options.Description ?? customer.Description;
        foreach (var (key, value) in options.Metadata ?? [])
        {
            customer.Metadata[key] = value;
        }

        if (options.InvoiceSettings?.DefaultPaymentMethod is { } method)
        {
            if (
                !PaymentMethods
                    .OfCustomer(call.Books, customer.Id, type: null)
                    .Any(known => string.Equals(known.Id, method, StringComparison.Ordinal))
            )
            {
                throw Refusal.NoSuch("PaymentMethod", method, "invoice_settings[default_payment_method]");
            }

            customer.InvoiceSettings.DefaultPaymentMethodId = method;
        }

        call.Books.Tell("customer.updated", customer, call.Request);
        return customer;
    }
}
