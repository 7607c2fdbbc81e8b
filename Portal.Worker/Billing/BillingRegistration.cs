using Portal.Model.Accounts;
using Portal.Model.Billing;

namespace Portal.Worker.Billing;

public static class BillingRegistration
{
    public static IServiceCollection AddBilling(
        this IServiceCollection services,
        IConfiguration configuration,
        IHostEnvironment environment
    ) =>
        services
            .AddStripe(configuration, environment)
            .AddSingleton<CardRetries>()
            .AddSingleton(TrustLadder.From(configuration))
            .AddTransient<CardAuthorization>()
            .AddTransient<ICardSetupJob, CardSetupJob>()
            .AddTransient<CardDetachment>()
            .AddTransient<IStripeEventJob, StripeEventJob>()
            .AddSingleton<TrustPatrol>()
            .AddHostedService<TrustSweep>()
            .AddHostedService<CardSweep>()
            .AddHostedService<StripeEventSweep>();
}
