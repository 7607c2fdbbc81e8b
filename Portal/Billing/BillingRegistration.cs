using Microsoft.AspNetCore.Mvc;
using Portal.Model.Billing;
using Portal.Shared;

namespace Portal.Billing;

public static class BillingRegistration
{
    public static IServiceCollection AddBilling(
        this IServiceCollection services,
        IConfiguration configuration,
        IHostEnvironment environment
    ) =>
        services
            .AddStripe(configuration, environment)
            .AddSingleton<PriceList>()
            .AddSingleton<CardJobs>()
            .AddSingleton<StripeWebhook>()
            .AddSingleton<StripeEventBell>()
            .AddHostedService(provider => provider.GetRequiredService<StripeEventBell>())
            .AddTransient<AddCard>()
            .AddTransient<ChangeCard>();

    public static void MapBilling(this WebApplication app)
    {
        app.MapPost(
                "/webhooks/stripe",
                (HttpRequest request, StripeWebhook webhook, CancellationToken ct) => webhook.ReceiveAsync(request, ct)
            )
            .AllowAnonymous()
            .DisableAntiforgery()
            .DisableRateLimiting()
            .ForPrograms("Stripe's events carry its signature")
            .WithMetadata(new RequestSizeLimitAttribute(StripeWebhook.LargestBody));
    }
}
