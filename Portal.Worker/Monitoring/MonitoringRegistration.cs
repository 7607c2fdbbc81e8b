namespace Portal.Worker.Monitoring;

public static class MonitoringRegistration
{
    public static IServiceCollection AddMonitoring(this IServiceCollection services) =>
        services.AddSingleton<MetricHistory>().AddSingleton<AlertCheck>().AddHostedService<MetricsPass>();
}
