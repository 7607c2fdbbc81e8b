using Portal.Model.Volumes;

namespace Portal.Volumes;

public static class VolumesRegistration
{
    public static IServiceCollection AddVolumes(this IServiceCollection services) =>
        services
            .AddSingleton<CreateVolume>()
            .AddSingleton<ChangeVolume>()
            .AddSingleton<CreateSnapshot>()
            .AddSingleton<ChangeSnapshot>()
            .AddSingleton<BackupSchedules>();
}
