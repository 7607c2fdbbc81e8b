using Portal.Model.Billing;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Closing;

public static class ClosingRegistration
{
    public static IServiceCollection AddClosing(this IServiceCollection services) =>
        services
            .AddSingleton<ChangeInstance>()
            .AddSingleton<EditInstance>()
            .AddSingleton<ChangeImage>()
            .AddSingleton<KeyPairs>()
            .AddSingleton<ChangeVolume>()
            .AddSingleton<ChangeSnapshot>()
            .AddSingleton<BackupSchedules>()
            .AddSingleton<PublicAddresses>()
            .AddSingleton<DeleteNetwork>()
            .AddSingleton<AlertRules>()
            .AddSingleton<PriceList>()
            .AddSingleton<AccountRemoval>()
            .AddResourceJob<IClosingJob, ClosingJob>("acc")
            .AddHostedService<ClosingSweep>();
}
