namespace Portal.Operators;

public static class OperatorsRegistration
{
    public static IServiceCollection AddOperators(this IServiceCollection services) =>
        services
            .AddSingleton<ImageCatalogue>()
            .AddSingleton<EnterObjectStore>()
            .AddSingleton<OperatorTeam>()
            .AddSingleton<CustomerAccounts>()
            .AddSingleton<LostFactors>()
            .AddSingleton<OutboundMail>()
            .AddSingleton<Reconciliation>();
}
