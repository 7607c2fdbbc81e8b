using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Volumes;

public static class VolumesRegistration
{
    public static IServiceCollection AddVolumes(this IServiceCollection services) =>
        services
            .AddResourceJob<IVolumeJob, VolumeJob>("vol")
            .AddResourceJob<ISnapshotJob, SnapshotJob>("snap")
            .AddResourceJob<IBackupJob, BackupJob>(BackupSchedule.Prefix)
            .AddSingleton<CreateSnapshot>()
            .AddHostedService<BackupSweep>()
            .AddHostedService<SnapshotSweep>()
            .AddHostedService<SnapshotPatrol>()
            .AddHostedService<VolumeSweep>()
            .AddHostedService<VolumePatrol>();
}
