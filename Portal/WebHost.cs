using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Net.Http.Headers;
using MudBlazor.Services;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Portal.Accounts;
using Portal.Billing;
using Portal.Buckets;
using Portal.Closing;
using Portal.Compute;
using Portal.Model.Shared;
using Portal.Monitoring;
using Portal.Networking;
using Portal.Operators;
using Portal.Shared;
using Portal.Volumes;

namespace Portal;

/// <summary>What the web's process consists of. Tests build the same.</summary>
public static class WebHost
{
    /// <summary>The framework's health checks take any method, TRACE included.</summary>
    private static readonly HttpMethodMetadata OnlyRead = new(["GET", "HEAD"]);

    public static void AddPortal(this WebApplicationBuilder builder)
    {
        var database = DatabaseSettings.From(builder.Configuration);
        builder.Services.AddKnownProxies(builder.Configuration);
        builder.Services.AddInputBounds();
        PortalAddress.Check(builder.Configuration, builder.Environment);
        builder.Services.AddSingleton<PortalAddress>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddPortalDb(database);
        builder.Services.AddKeyRing();
        builder.Services.AddHangfire(hangfire =>
            hangfire
                .UseRecommendedSerializerSettings()
                .UsePostgreSqlStorage(
                    postgres => postgres.UseNpgsqlConnection(database),
                    new PostgreSqlStorageOptions { EnableLongPolling = true, PrepareSchemaIfNecessary = false }
                )
        );

        // What is typed comes in messages: 16 KiB of user data and what somebody pasted by mistake must arrive, to be refused with a
        // sentence.
        builder
            .Services.AddRazorComponents()
            .AddInteractiveServerComponents()
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 512 * 1024)
            .AddCircuitLimits(builder.Configuration);
        builder.Services.AddMudServices();
        builder.Services.AddScoped<Interruptions>().AddScoped<Drafts>().AddScoped<Presses>();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddAccounts(builder.Configuration);
        builder.Services.AddSingleton<LiveUpdates>().AddSingleton<AfterCommit, ResourceJobs>();
        builder.Services.AddCompute();
        builder.Services.AddNetworking();
        builder.Services.AddBuckets();
        builder.Services.AddVolumes();
        builder.Services.AddMonitoring();
        builder.Services.AddBilling(builder.Configuration, builder.Environment);
        builder.Services.AddOperators();
        builder.Services.AddClosing();
        builder.Services.AddHealthChecks().AddDbContextCheck<PortalDb>("database", tags: ["ready"]);
        builder
            .Services.AddTelemetry(builder.Configuration)
            .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation())
            .WithMetrics(metrics => metrics.AddAspNetCoreInstrumentation());
    }

    public static void UsePortal(this WebApplication app)
    {
        app.UseKnownProxies();
        app.UseHttpsOnly();
        if (!app.Environment.IsDevelopment())
        {
            app.UseExceptionHandler("/error", createScopeForErrors: true);
        }

        app.UseBackInAMoment();

        app.UseSecurityHeaders();
        app.UseOwnPagesOnly();
        app.UseHostCookies();
        app.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true);
        app.Use(
            async (http, next) =>
            {
                await next(http);
                if (http.Response is { HasStarted: false, StatusCode: StatusCodes.Status405MethodNotAllowed })
                {
                    // In Development static files are looked for at every address, by GET only. That there is something to read is nobody's
                    // answer to a POST.
                    http.Response.StatusCode = StatusCodes.Status404NotFound;
                    http.Response.Headers.Remove(HeaderNames.Allow);
                }

                // The page that says so is fetched for whatever was asked: as an answer to a POST it would be taken for a form without its
                // token, and be 400.
                if (http.Response is { HasStarted: false, StatusCode: >= 400 } && !HttpMethods.IsHead(http.Request.Method))
                {
                    http.Request.Method = HttpMethods.Get;
                }
            }
        );
        app.Use(
            (http, next) =>
            {
                // Before anybody is asked to sign in: where there is nothing nobody gets further by that. The framework's own endpoint says
                // that there is one for GET.
                if (http.GetEndpoint() is { DisplayName: not "405 HTTP Method Not Supported" })
                {
                    return next(http);
                }

                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }
        );
        app.UseInputBounds();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        app.UseCircuitLimits();
        app.UseWebSockets();
        app.UseAntiforgery();
        app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = LivesAsync })
            .WithMetadata(OnlyRead)
            .AllowAnonymous()
            .ForPrograms("says only that the process lives, and its version");
        app.MapHealthChecks("/readyz", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") })
            .WithMetadata(OnlyRead)
            .AllowAnonymous()
            .ForPrograms("says only whether the database answers");
        app.MapStaticAssets().AllowAnonymous();
        app.MapGet(Colours.Path, Colours.Serve).AllowAnonymous();
        app.MapAccounts();
        app.MapCompute();
        app.MapBilling();
        app.MapBuckets();
        app.MapClosing();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
    }

    private static Task LivesAsync(HttpContext http, HealthReport report)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync($"{report.Status} {ProductVersion.Number}");
    }
}
