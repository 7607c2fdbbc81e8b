using Portal.Model.Billing;

namespace Portal.Billing;

public static class BillingRegistration
{
    public static IServiceCollection AddBilling(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment) => services
        .AddSingleton<PriceList>();

    public static void MapBilling(this WebApplication app)
    {
    }
}
