using Portal.Model.Networking;
using Portal.Worker.Shared;

namespace Portal.Worker.Networking;

public static class NetworkingRegistration
{
    public static IServiceCollection AddNetworking(this IServiceCollection services) =>
        services
            .AddSingleton<NetworkApplier>()
            .AddResourceJob<INetworkJob, NetworkJob>("vpc")
            .AddResourceJob<IInterfaceJob, InterfaceJob>("eni")
            .AddHostedService<NetworkSweep>()
            .AddHostedService<InterfaceSweep>();
}
