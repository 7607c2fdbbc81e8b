using Portal.Model.Monitoring;

namespace Portal.Monitoring;

public static class MonitoringRegistration
{
    public static IServiceCollection AddMonitoring(this IServiceCollection services) => services.AddSingleton<AlertRules>();
}
