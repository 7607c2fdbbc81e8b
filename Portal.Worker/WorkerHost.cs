using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Model.Shared;
using Portal.Worker.Accounts;
using Portal.Worker.Billing;
using Portal.Worker.Buckets;
using Portal.Worker.Closing;
using Portal.Worker.Compute;
using Portal.Worker.Engines;
using Portal.Worker.Monitoring;
using Portal.Worker.Networking;
using Portal.Worker.Operators;
using Portal.Worker.Shared;
using Portal.Worker.Volumes;

namespace Portal.Worker;

/// <summary>What the worker's process consists of. Tests build the same with another engine.</summary>
public static class WorkerHost
{
    public static void AddWorker(this WebApplicationBuilder builder)
    {
        var database = DatabaseSettings.From(builder.Configuration);
        var region = new RegionName(builder.Configuration["Worker:Region"] ?? "local");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(region);
        builder.Services.AddPortalDb(database);
        builder.Services.AddHangfire(hangfire =>
            hangfire
                .UseRecommendedSerializerSettings()
                .UseTypeResolver(JobTypes.Resolve)
                // The sweeps come back to whatever a failed job left undone; a failed job is kept for the operators to see.
                .UseFilter(new AutomaticRetryAttribute { Attempts = 0 })
                .UsePostgreSqlStorage(
                    postgres => postgres.UseNpgsqlConnection(database),
                    new PostgreSqlStorageOptions
                    {
                        PrepareSchemaIfNecessary = false,
                        EnableLongPolling = true,
                        QueuePollInterval = TimeSpan.FromSeconds(1),
                        InvisibilityTimeout = TimeSpan.FromMinutes(10),
                    }
                )
        );
        builder.Services.AddHangfireServer(server =>
        {
            server.Queues = [region.Id, "default"];
            server.WorkerCount = 10;
            server.SchedulePollingInterval = TimeSpan.FromSeconds(1);
            server.ShutdownTimeout = TimeSpan.FromSeconds(5);
        });
        builder.Services.AddSingleton<Nudges>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Nudges>());
        builder.Services.AddEngine(builder.Configuration, builder.Environment);
        builder.Services.AddCompute();
        builder.Services.AddVolumes();
        builder.Services.AddBuckets(builder.Configuration, builder.Environment);
        builder.Services.AddMonitoring();
        builder.Services.AddNetworking();
        builder.Services.AddOperators();
        builder.Services.AddAccounts(builder.Configuration);
        builder.Services.AddBilling(builder.Configuration, builder.Environment);
        builder.Services.AddClosing();
        builder.Services.AddHealthChecks().AddDbContextCheck<PortalDb>("database", tags: ["ready"]);
        builder.Services.AddTelemetry(builder.Configuration);
    }

    public static void MapWorkerHealth(this WebApplication app)
    {
        app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = LivesAsync });
        app.MapHealthChecks("/readyz", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
    }

    private static Task LivesAsync(HttpContext http, HealthReport report)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync($"{report.Status} {ProductVersion.Number}");
    }
}
