namespace Portal.Worker.Accounts;

public static class AccountsRegistration
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SmtpSettings>().Bind(configuration.GetSection("Smtp"));
        services.AddSingleton<MailSweep>().AddHostedService(provider => provider.GetRequiredService<MailSweep>());
        return services.AddSingleton<DoorSweep>().AddHostedService(provider => provider.GetRequiredService<DoorSweep>());
    }
}
