using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Portal.Accounts;

namespace Portal.Tests.Shared;

/// <summary>Production, when something fails of which nobody thought.</summary>
[Trait("Needs", "database")]
public sealed class FailureTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const string Inside = "the-password-of-the-database";

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public async Task What_fails_tells_its_reader_nothing_of_the_inside_and_the_log_everything(string environment)
    {
        var log = new Kept();
        await using var server = await PortalServer.StartAsync(
            ConnectionString,
            builder => Break(builder, environment, log),
            settings: [("Portal:Url", "https://portal.test"), ("Portal:KnownProxies", "127.0.0.1, ::1")]
        );
        using var client = server.NewClient();
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        client.Http.DefaultRequestHeaders.Host = "portal.test";
        client.Http.DefaultRequestHeaders.Add("Origin", "https://portal.test");
        foreach (
            var (method, path) in (IEnumerable<(HttpMethod, string)>)
                [(HttpMethod.Get, "/forgot-password"), (HttpMethod.Post, "/webhooks/stripe"), (HttpMethod.Post, "/forgot-password")]
        )
        {
            using var request = new HttpRequestMessage(method, path)
            {
                Content = method == HttpMethod.Post ? new StringContent("{}") : null,
            };
            using var answer = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.InRange((int)answer.StatusCode, 400, 599);
            Assert.True(
                path is not "/forgot-password"
                    || method != HttpMethod.Get
                    || (
                        answer.StatusCode is HttpStatusCode.InternalServerError
                        && text.Contains("Something went wrong", StringComparison.Ordinal)
                    )
            );
            Assert.All(
                (string[])[Inside, "Exception", "   at ", "Portal.Accounts", "forgot-password.razor", "AspNetCore"],
                part => Assert.DoesNotContain(part, text, StringComparison.Ordinal)
            );
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        }

        Assert.Contains(
            log.Entries,
            entry => entry.Level is LogLevel.Error && entry.Error?.ToString().Contains(Inside, StringComparison.Ordinal) is true
        );
        Assert.False(server.Services.GetRequiredService<IOptions<CircuitOptions>>().Value.DetailedErrors);
    }

    private static void Break(WebApplicationBuilder builder, string environment, Kept log)
    {
        builder.Environment.EnvironmentName = environment;
        builder.Services.AddScoped<ResetPassword>(_ => throw new InvalidOperationException(Inside));
        builder.Logging.AddProvider(log);
    }

    private sealed class Kept : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(LogLevel Level, Exception? Error)> Entries { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Entries.Enqueue((logLevel, exception));

        public void Dispose() { }
    }
}
