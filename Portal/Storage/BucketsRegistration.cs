using Portal.Model.Storage;

namespace Portal.Storage;

public static class BucketsRegistration
{
    public static IServiceCollection AddBuckets(this IServiceCollection services) => services
        .AddSingleton<StorageSecrets>()
        .AddSingleton<StoreUsers>()
        .AddSingleton<CreateBucket>()
        .AddSingleton<ChangeBucket>()
        .AddSingleton<AccessKeys>()
        .AddSingleton<BucketGateway>()
        .AddSingleton<BucketJobs>();
}
