using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Stripe;

namespace Portal.Model.Billing;

public static class StripeRegistration
{
    /// <summary>For one call. A customer may be waiting for the answer; what the worker asks, it asks again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Registers Stripe's client as <see cref="StripeSettings"/> say, or throws their sentence if this configuration must not run.
    /// </summary>
    public static IServiceCollection AddStripe(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var settings = StripeSettings.From(configuration, environment);
        return services
            .AddSingleton(settings)
            .AddSingleton(_ => new StripeClient(
                new StripeClientOptions
                {
                    ApiKey = settings.SecretKey,
                    ApiBase = settings.ApiBase,
                    HttpClient = new SystemNetHttpClient(
                        new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = ConnectionLifetime })
                        {
                            Timeout = Patience,
                        },
                        maxNetworkRetries: 1
                    ),
                }
            ));
    }
}
