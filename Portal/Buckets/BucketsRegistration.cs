using Portal.Model.Buckets;

namespace Portal.Buckets;

public static class BucketsRegistration
{
    public static IServiceCollection AddBuckets(this IServiceCollection services) =>
        services
            .AddSingleton<BucketSecrets>()
            .AddSingleton<StoreUsers>()
            .AddSingleton<CreateBucket>()
            .AddSingleton<ChangeBucket>()
            .AddSingleton<AccessKeys>()
            .AddSingleton<BucketGateway>()
            .AddSingleton<StorageOrigins>()
            .AddSingleton<UploadEndpoints>()
            .AddSingleton<DownloadEndpoint>()
            .AddSingleton(new ObjectCopy())
            .AddSingleton<ChangeObjects>()
            .AddSingleton<ObjectChanges>()
            .AddSingleton<ObjectVersions>()
            .AddSingleton<ChangeObjectHeaders>()
            .AddSingleton<ChangeBucketSettings>()
            .AddSingleton<ShareObject>()
            .AddSingleton<BucketAudit>();

    public static void MapBuckets(this WebApplication app)
    {
        app.Services.GetRequiredService<UploadEndpoints>().Map(app);
        app.Services.GetRequiredService<DownloadEndpoint>().Map(app);
    }
}
