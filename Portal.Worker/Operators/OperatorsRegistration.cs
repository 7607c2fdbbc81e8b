namespace Portal.Worker.Operators;

public static class OperatorsRegistration
{
    public static IServiceCollection AddOperators(this IServiceCollection services) =>
        services
            .AddHostedService<RegionPatrol>()
            .AddHostedService<MachinePatrol>()
            .AddHostedService<ImageFetch>()
            .AddSingleton<Func<IEnumerable<IHostedService>>>(provider => provider.GetServices<IHostedService>)
            .AddHostedService<SweepWatch>();
}
