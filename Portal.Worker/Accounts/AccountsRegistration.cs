namespace Portal.Worker.Accounts;

public static class AccountsRegistration
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        // Read once now: the first mail is no time to hear that a setting is wrong.
        _ = configuration.GetSection("Smtp").Get<SmtpSettings>()?.Security;
        services.AddOptions<SmtpSettings>().Bind(configuration.GetSection("Smtp"));
        services.AddSingleton<MailSweep>().AddHostedService(provider => provider.GetRequiredService<MailSweep>());
        return services.AddSingleton<DoorSweep>().AddHostedService(provider => provider.GetRequiredService<DoorSweep>());
    }
}
