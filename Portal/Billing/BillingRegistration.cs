using Microsoft.AspNetCore.Mvc;
using Portal.Model.Billing;
using Stripe;

namespace Portal.Billing;

public static class BillingRegistration
{
    private static readonly TimeSpan StripePatience = TimeSpan.FromSeconds(15);

    public static IServiceCollection AddBilling(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var settings = StripeSettings.From(configuration, environment);
        services.AddHttpClient(nameof(Stripe), client => client.Timeout = StripePatience);
        return services
            .AddSingleton(settings)
            .AddTransient(provider => new StripeClient(new StripeClientOptions
            {
                ApiKey = settings.SecretKey,
                ApiBase = settings.ApiBase,
                HttpClient = new SystemNetHttpClient(provider.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(Stripe)), maxNetworkRetries: 1),
            }))
            .AddSingleton<PriceList>()
            .AddSingleton<CardJobs>()
            .AddSingleton<StripeWebhook>()
            .AddSingleton<StripeEventBell>()
            .AddHostedService(provider => provider.GetRequiredService<StripeEventBell>())
            .AddTransient<AddCard>()
            .AddTransient<ChangeCard>();
    }

    public static void MapBilling(this WebApplication app)
    {
        app.MapPost("/webhooks/stripe", (HttpRequest request, StripeWebhook webhook, CancellationToken ct) => webhook.ReceiveAsync(request, ct))
            .AllowAnonymous()
            .DisableAntiforgery()
            .DisableRateLimiting()
            .WithMetadata(new RequestSizeLimitAttribute(StripeWebhook.LargestBody));
    }
}
