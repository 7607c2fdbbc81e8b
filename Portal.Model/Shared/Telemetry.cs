using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Portal.Model.Shared;

/// <summary>What both hosts trace and measure.</summary>
public static class Telemetry
{
    public const string Name = "Portal";

    public static readonly ActivitySource Source = new(Name);

    public static readonly Meter Meter = new(Name);

    /// <summary>
    /// Traces and measures, and sends both, and the log, to where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> points; without it nothing leaves the
    /// process but the log's lines on its output.
    /// </summary>
    public static IOpenTelemetryBuilder AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = services
            .AddOpenTelemetry()
            .WithTracing(tracing => tracing.AddSource(Name).AddHttpClientInstrumentation().AddNpgsql())
            .WithMetrics(metrics => metrics.AddMeter(Name).AddHttpClientInstrumentation());
        return configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 }
            ? telemetry.WithLogging(configureBuilder: null, options => options.IncludeFormattedMessage = true).UseOtlpExporter()
            : telemetry;
    }
}
