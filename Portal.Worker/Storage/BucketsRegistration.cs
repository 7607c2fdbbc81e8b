using Microsoft.AspNetCore.DataProtection;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

public static class BucketsRegistration
{
    /// <summary>Who registered a driver before keeps that.</summary>
    public static IServiceCollection AddBuckets(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddKeyRing().DisableAutomaticKeyGeneration();
        if (!services.Any(service => service.ServiceType == typeof(IObjectStores)))
        {
            services.AddSingleton<IObjectStores>(provider => new RgwObjectStores(new HttpClient { Timeout = RgwObjectStores.Patience }, provider.GetRequiredService<TimeProvider>()));
        }

        return services
            .AddSingleton(EmbeddedCeph.Of(configuration))
            .AddSingleton<StorageSecrets>()
            .AddSingleton<RegionStore>()
            .AddSingleton<StorePlaces>()
            .AddSingleton<StoreTrial>()
            .AddSingleton<StoreRoom>()
            .AddResourceJob<IObjectStoreUserJob, ObjectStoreUserJob>(ObjectStoreUser.Prefix)
            .AddResourceJob<IBucketJob, BucketJob>(Bucket.Prefix)
            .AddResourceJob<IAccessKeyJob, AccessKeyJob>(AccessKey.Prefix)
            .AddSingleton<BucketSizes>()
            .AddSingleton<BucketTrafficLedger>()
            .AddSingleton<KeyUse>()
            .AddSingleton<BucketGrantPatrol>()
            .AddHostedService<StorePatrol>()
            .AddHostedService<BucketMetering>()
            .AddHostedService<ObjectStoreUserSweep>()
            .AddHostedService<BucketSweep>()
            .AddHostedService<AccessKeySweep>();
    }
}
