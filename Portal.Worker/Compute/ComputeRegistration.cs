using Portal.Model.Compute;
using Portal.Worker.Networking;

namespace Portal.Worker.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services
        .AddSingleton<PrivateNetworks>()
        .AddTransient<IInstanceJob, InstanceJob>()
        .AddSingleton<Nudges>()
        .AddHostedService(provider => provider.GetRequiredService<Nudges>())
        .AddHostedService<InstanceSweep>()
        .AddHostedService<Consoles>();
}
