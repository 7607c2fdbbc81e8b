using Microsoft.AspNetCore.DataProtection;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

public static class BucketsRegistration
{
    /// <summary>Who registered a driver before keeps that.</summary>
    public static IServiceCollection AddBuckets(
        this IServiceCollection services,
        IConfiguration configuration,
        IHostEnvironment environment
    )
    {
        StoreSettings.Check(configuration);
        if (!environment.IsDevelopment() && WhyNotThere(configuration) is { } reason)
        {
            throw new StartRefusedException(reason);
        }

        services.AddKeyRing().DisableAutomaticKeyGeneration();
        if (!services.Any(service => service.ServiceType == typeof(IObjectStores)))
        {
            services.AddSingleton<IObjectStores>(provider => new RgwObjectStores(
                new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = RgwObjectStores.Patience },
                provider.GetRequiredService<TimeProvider>()
            ));
        }

        return services
            .AddSingleton(EmbeddedCeph.Of(configuration))
            .AddSingleton<BucketSecrets>()
            .AddSingleton<RegionStore>()
            .AddSingleton<StorePlaces>()
            .AddSingleton<StoreTrial>()
            .AddSingleton<StoreRoom>()
            .AddResourceJob<IObjectStoreUserJob, ObjectStoreUserJob>(ObjectStoreUser.Prefix)
            .AddResourceJob<IBucketJob, BucketJob>(Bucket.Prefix)
            .AddResourceJob<IObjectOperationJob, ObjectOperationJob>(ObjectOperation.Prefix)
            .AddResourceJob<IAccessKeyJob, AccessKeyJob>(AccessKey.Prefix)
            .AddSingleton<BucketSizes>()
            .AddSingleton<BucketTrafficLedger>()
            .AddSingleton<KeyUse>()
            .AddSingleton<BucketGrantPatrol>()
            .AddHostedService<StorePatrol>()
            .AddHostedService<BucketMetering>()
            .AddHostedService<ObjectStoreUserSweep>()
            .AddHostedService<BucketSweep>()
            .AddHostedService<AccessKeySweep>()
            .AddHostedService<ObjectOperationSweep>();
    }

    /// <summary>Why the settings cannot name this store; null if they can, or name none.</summary>
    public static string? WhyNotThere(IConfiguration configuration) =>
        configuration["ObjectStore:Endpoint"] is not { } endpoint ? null
        : !Uri.TryCreate(configuration["Portal:Url"], UriKind.Absolute, out var portal)
            ? "Portal__Url is not set: the worker compares it with ObjectStore__Endpoint, which must be of another site. Set it to the web's public address, e.g. https://portal.example.com."
        : StoreSite.WhyNot(portal, endpoint, configuration["ObjectStore:WebsiteSuffix"]);
}
