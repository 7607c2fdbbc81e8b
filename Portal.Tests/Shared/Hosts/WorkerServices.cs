using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Worker.Buckets;
using Portal.Worker.Closing;
using Portal.Worker.Compute;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Networking;
using Portal.Worker.Operators;
using Portal.Worker.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Shared;

/// <summary>
/// The worker's jobs, sweeps and patrols on an engine in memory, none of which runs by itself. On a test's database they have the worker's
/// role.
/// </summary>
internal static class WorkerServices
{
    public static ServiceProvider Of(
        IDbContextFactory<PortalDb> dbs,
        NpgsqlDataSource source,
        InMemoryEngine engine,
        TimeProvider clock,
        IObjectStores? store = null,
        IDataProtectionProvider? keys = null
    ) =>
        new ServiceCollection()
            .AddSingleton(dbs is TestDatabase test ? test.AsWorker : dbs)
            .AddSingleton(dbs is TestDatabase same ? same.AsWorker.Source : source)
            .AddEngine(engine)
            .AddSingleton(clock)
            .AddSingleton(new RegionName("local"))
            .AddSingleton<Nudges>()
            .AddResourceJob<IInstanceJob, InstanceJob>("i")
            .AddResourceJob<IGuestRequestJob, GuestRequestJob>(GuestRequest.Prefix)
            .AddSingleton<GuestSecrets>()
            .AddTransient<GuestRequestSweep>()
            .AddResourceJob<IVolumeJob, VolumeJob>("vol")
            .AddResourceJob<ISnapshotJob, SnapshotJob>("snap")
            .AddResourceJob<IBackupJob, BackupJob>(BackupSchedule.Prefix)
            .AddSingleton<CreateSnapshot>()
            .AddTransient<BackupSweep>()
            .AddTransient<SnapshotSweep>()
            .AddTransient<SnapshotPatrol>()
            .AddSingleton(store ?? new InMemoryStore(clock))
            .AddSingleton(keys ?? new EphemeralDataProtectionProvider())
            .AddSingleton<BucketSecrets>()
            .AddSingleton<StoreUsers>()
            .AddSingleton<CreateBucket>()
            .AddSingleton<ChangeBucket>()
            .AddSingleton<ChangeObjects>()
            .AddSingleton<AccessKeys>()
            .AddSingleton(new EmbeddedCeph(null))
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton<RegionStore>()
            .AddSingleton<StorePlaces>()
            .AddSingleton<StoreTrial>()
            .AddSingleton<StoreRoom>()
            .AddSingleton<Changes>()
            .AddResourceJob<IObjectStoreUserJob, ObjectStoreUserJob>(ObjectStoreUser.Prefix)
            .AddResourceJob<IBucketJob, BucketJob>(Bucket.Prefix)
            .AddResourceJob<IObjectOperationJob, ObjectOperationJob>(ObjectOperation.Prefix)
            .AddResourceJob<IAccessKeyJob, AccessKeyJob>(AccessKey.Prefix)
            .AddSingleton<BucketSizes>()
            .AddSingleton<BucketTrafficLedger>()
            .AddSingleton<KeyUse>()
            .AddSingleton<BucketGrantPatrol>()
            .AddTransient<BucketMetering>()
            .AddTransient<StorePatrol>()
            .AddTransient<ObjectStoreUserSweep>()
            .AddTransient<BucketSweep>()
            .AddTransient<AccessKeySweep>()
            .AddTransient<ObjectOperationSweep>()
            .AddTransient<MachinePatrol>()
            .AddTransient<RegionPatrol>()
            .AddTransient<VolumePatrol>()
            .AddTransient<InstanceSweep>()
            .AddTransient<VolumeSweep>()
            .AddNetworking()
            .AddClosing()
            .AddTransient<ClosingSweep>()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .BuildServiceProvider();
}
