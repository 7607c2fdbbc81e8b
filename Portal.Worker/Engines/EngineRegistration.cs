namespace Portal.Worker.Engines;

/// <summary>Registers the driver that the region's settings name.</summary>
public static class EngineRegistration
{
    public static IServiceCollection AddEngine(this IServiceCollection services, IConfiguration configuration) => services;
}
