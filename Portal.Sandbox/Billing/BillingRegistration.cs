using Stripe;
using Stripe.Checkout;

namespace Portal.Sandbox.Billing;

internal static class BillingRegistration
{
    private static readonly TimeSpan WebhookPatience = TimeSpan.FromSeconds(10);

    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddHttpClient(nameof(Webhooks), client => client.Timeout = WebhookPatience);
        return services
            .AddSingleton<Books>()
            .AddSingleton<Faults>()
            .AddSingleton<StripeApi>()
            .AddSingleton<CheckoutDesk>()
            .AddSingleton<Webhooks>()
            .AddHostedService(provider => provider.GetRequiredService<Webhooks>());
    }

    public static void MapBilling(this WebApplication app)
    {
        app.Map("/v1/{**path}", (HttpContext http, StripeApi api) => api.AnswerAsync(http));
        app.MapCheckout();
        MapControl(app.MapGroup("/_sandbox"));
    }

    /// <summary>For tests and for whoever tries how Portal bears a bad day. Bodies are JSON, which no other site's form can send.</summary>
    private static void MapControl(RouteGroupBuilder control)
    {
        control.MapGet("/calls", (StripeApi api) => api.Calls);
        control.MapPost("/faults", (Fault fault, Faults faults) => faults.Add(fault));
        control.MapDelete("/faults", (Faults faults) => faults.Clear());
        control.MapGet("/webhooks", (Webhooks webhooks) => new { webhooks.Mischief, webhooks.Waiting });
        control.MapPut("/webhooks", (WebhookMischief mischief, Webhooks webhooks) => webhooks.Mischief = mischief);
        control.MapPost("/webhooks/release", (ReleaseRequest release, Webhooks webhooks) => webhooks.Release(release.Shuffle));
        control.MapPost(
            "/webhooks/resend",
            IResult (ResendRequest again, Webhooks webhooks, Books books) =>
            {
                lock (books.Gate)
                {
                    if (books.Find<Event>(again.EventId) is not { } told)
                    {
                        return Results.NotFound();
                    }

                    webhooks.Send(told, obeyMischief: false);
                    return Results.Ok();
                }
            }
        );
        control.MapPost(
            "/checkout/expire",
            IResult (ExpireRequest expire, Books books) =>
            {
                lock (books.Gate)
                {
                    if (books.Find<Session>(expire.SessionId) is not { Status: "open" } session)
                    {
                        return Results.NotFound();
                    }

                    CheckoutSessions.Expire(books, session, request: null);
                    books.Changed = true;
                    return Results.Ok();
                }
            }
        );
    }

    internal sealed record ReleaseRequest(bool Shuffle);

    internal sealed record ResendRequest(string EventId);

    internal sealed record ExpireRequest(string SessionId);
}
