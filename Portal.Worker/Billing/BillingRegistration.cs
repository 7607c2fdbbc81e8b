namespace Portal.Worker.Billing;

public static class BillingRegistration
{
    public static IServiceCollection AddBilling(this IServiceCollection services, IConfiguration configuration) => services;
}
