using Portal.Tests.Shared;
using Stripe;
using Stripe.Checkout;

namespace Portal.Tests.Sandbox;

/// <summary>What several tests do with the sandbox's Stripe.</summary>
internal static class CheckoutScenes
{
    public static async Task<Session> OpenSessionAsync(this SandboxServer sandbox, DateTime? expiresAt = null)
    {
        var customer = await sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions());
        return await sandbox.Stripe.V1.Checkout.Sessions.CreateAsync(
            new SessionCreateOptions
            {
                Mode = "setup",
                Customer = customer.Id,
                AllowedPaymentMethodTypes = ["card"],
                SuccessUrl = "http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}",
                CancelUrl = "http://127.0.0.1:1/back",
                ExpiresAt = expiresAt,
            }
        );
    }

    public static async Task<Session> CompletedSessionAsync(this SandboxServer sandbox, string number)
    {
        var session = await sandbox.OpenSessionAsync();
        await sandbox.EnterCardAsync(session.Id, number);
        return await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id, new SessionGetOptions { Expand = ["setup_intent"] });
    }

    public static Task<PaymentIntent> AuthorizeAsync(this SandboxServer sandbox, Session session, string? key = null) =>
        sandbox.Stripe.V1.PaymentIntents.CreateAsync(
            new PaymentIntentCreateOptions
            {
                Amount = 100,
                Currency = "usd",
                Customer = session.CustomerId,
                PaymentMethod = session.SetupIntent.PaymentMethodId,
                AllowedPaymentMethodTypes = ["card"],
                CaptureMethod = "manual",
                Confirm = true,
                OffSession = true,
            },
            new RequestOptions { IdempotencyKey = key }
        );
}
