using Portal.Model.Billing;
using Stripe;

namespace Portal.Worker.Billing;

public static class BillingRegistration
{
    private static readonly TimeSpan StripePatience = TimeSpan.FromSeconds(20);

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
            .AddTransient<CardAuthorization>()
            .AddTransient<ICardSetupJob, CardSetupJob>()
            .AddTransient<CardDetachment>()
            .AddTransient<IStripeEventJob, StripeEventJob>()
            .AddHostedService<CardSweep>()
            .AddHostedService<StripeEventSweep>();
    }
}
