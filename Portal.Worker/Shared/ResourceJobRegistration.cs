using Portal.Model.Shared;

namespace Portal.Worker.Shared;

public static class ResourceJobRegistration
{
    /// <summary>
    /// Registers the job of one kind of resource, for the queue by its interface and for <see cref="Nudges"/> by the prefix of its ids.
    /// </summary>
    public static IServiceCollection AddResourceJob<TJob, TImplementation>(this IServiceCollection services, string prefix)
        where TJob : class, IResourceJob
        where TImplementation : class, TJob =>
        services
            .AddTransient<TJob, TImplementation>()
            .AddKeyedTransient<IResourceJob>(prefix, (provider, _) => provider.GetRequiredService<TJob>());
}
