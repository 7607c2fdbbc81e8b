using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Portal.Tests.Shared;

[Trait("Needs", "database")]
public sealed class TelemetryTests(TestPostgres postgres) : TestDatabase(postgres)
{
    /// <summary>Whoever takes over a machine finds the log there, and no way to what a collector elsewhere has got.</summary>
    [Fact]
    public async Task What_is_logged_is_at_the_collector_that_is_named_a_moment_later()
    {
        var came = new ConcurrentQueue<(string Path, string Body)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var collector = builder.Build();
        collector.MapPost(
            "/{**path}",
            async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body, Encoding.Latin1);
                came.Enqueue((request.Path, await reader.ReadToEndAsync(TestContext.Current.CancellationToken)));
            }
        );
        await collector.StartAsync(TestContext.Current.CancellationToken);
        await using var server = await PortalServer.StartAsync(
            ConnectionString,
            settings:
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.Single()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            ]
        );
        var person = await server.AddPersonAsync(email: "ada@example.com");
        using var client = server.NewClient();
        using var wrong = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", "not it at all"));
        await Until.TrueAsync(() =>
            came.Any(one =>
                one is { Path: "/v1/logs" }
                && one.Body.Contains("Portal.Accounts.SecurityEvents", StringComparison.Ordinal)
                && one.Body.Contains(person.AccountId, StringComparison.Ordinal)
            )
        );
        Assert.DoesNotContain(
            came,
            one => one.Body.Contains(person.Email, StringComparison.Ordinal) || one.Body.Contains("not it at all", StringComparison.Ordinal)
        );
    }
}
