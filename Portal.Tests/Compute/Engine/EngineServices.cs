using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

internal static class EngineServices
{
    /// <summary>Registers one engine for every kind of resource; the worker then makes none of its own.</summary>
    public static IServiceCollection AddEngine<TEngine>(this IServiceCollection services, TEngine engine)
        where TEngine : IComputeEngine, INetworkEngine, IVolumeEngine, IMetricsEngine, IGuestEngine =>
        services
            .AddSingleton<IComputeEngine>(engine)
            .AddSingleton<INetworkEngine>(engine)
            .AddSingleton<IVolumeEngine>(engine)
            .AddSingleton<IGuestEngine>(engine)
            .AddSingleton<IMetricsEngine>(engine);
}
