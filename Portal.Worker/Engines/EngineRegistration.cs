using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Shared;

namespace Portal.Worker.Engines;

/// <summary>Registers the driver that the region's settings name.</summary>
public static class EngineRegistration
{
    /// <summary>
    /// <c>Engine:Folder</c> is the folder that was given to <c>bin/engine start</c>. Who registered an engine before keeps that.
    /// </summary>
    public static IServiceCollection AddEngine(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        if (services.Any(service => service.ServiceType == typeof(IComputeEngine)))
        {
            return services;
        }

        var folder =
            configuration["Engine:Folder"]
            ?? throw new StartRefusedException(
                "Engine__Folder is not set: the worker needs the folder with which the engine was started (bin/engine start FOLDER)."
            );
        return services
            .AddSingleton(UplinkLimits.From(configuration))
            .AddHostedService<UplinkLimitsNote>()
            .AddSingleton(new EngineFolder(folder))
            .AddSingleton(_ => new TypedAddresses(environment.IsDevelopment()))
            .AddSingleton(provider => new LibvirtEngine(
                provider.GetRequiredService<EngineFolder>(),
                provider.GetRequiredService<TypedAddresses>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<UplinkLimits>()
            ))
            .AddSingleton<IComputeEngine>(provider => provider.GetRequiredService<LibvirtEngine>())
            .AddSingleton<IGuestEngine>(provider => provider.GetRequiredService<LibvirtEngine>())
            .AddSingleton<INetworkEngine>(provider => provider.GetRequiredService<LibvirtEngine>())
            .AddSingleton<IVolumeEngine>(provider => provider.GetRequiredService<LibvirtEngine>())
            .AddSingleton<IMetricsEngine>(provider => provider.GetRequiredService<LibvirtEngine>());
    }
}
