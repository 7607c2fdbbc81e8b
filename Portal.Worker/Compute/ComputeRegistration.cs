using Portal.Model.Compute;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) =>
        services
            .AddResourceJob<IInstanceJob, InstanceJob>("i")
            .AddSingleton<GuestSecrets>()
            .AddResourceJob<IGuestRequestJob, GuestRequestJob>(GuestRequest.Prefix)
            .AddHostedService<InstanceSweep>()
            .AddHostedService<SuspensionSweep>()
            .AddHostedService<GuestRequestSweep>()
            .AddHostedService<Consoles>();
}
