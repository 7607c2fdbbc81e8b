using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Worker;
using static Portal.Tests.Shared.Sources;

namespace Portal.Tests.Shared;

/// <summary>What whoever operates Portal gets with it: its logs, and the example of a proxy.</summary>
public sealed class OperationRulesTests
{
    /// <summary>To standard output; and to a debugger and to who traces the process, while somebody does.</summary>
    [Theory]
    [InlineData("web")]
    [InlineData("worker")]
    public void Logs_go_to_the_output_and_to_nothing_else_that_the_inventory_does_not_name(string program)
    {
        string[] settings =
        [
            "ConnectionStrings:Portal=Host=localhost",
            "Portal:Url=https://portal.test",
            "Stripe:SecretKey=sk_live_1",
            "Stripe:WebhookSecret=whsec_1",
            "Engine:Folder=/nowhere",
        ];
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = "Production",
                ContentRootPath = Path.GetTempPath(),
                Args = [.. settings.Select(setting => $"--{setting}")],
            }
        );
        if (program is "web")
        {
            builder.AddPortal();
        }
        else
        {
            builder.AddWorker();
        }

        Assert.Equal(
            ["ConsoleLoggerProvider", "DebugLoggerProvider", "EventSourceLoggerProvider"],
            builder
                .Services.Where(service => service.ServiceType == typeof(ILoggerProvider))
                .Select(service => service.ImplementationType?.Name ?? service.ImplementationFactory?.Method.ReturnType.Name)
                .Order(StringComparer.Ordinal)
        );
        Assert.Empty(
            Code()
                .Where(file =>
                    file.Text.Contains("ILoggerProvider", StringComparison.Ordinal)
                    || file.Text.Contains("AddEventLog", StringComparison.Ordinal)
                )
                .Select(file => file.Name)
        );
    }

    [Theory]
    [InlineData("Portal")]
    [InlineData("Portal.Worker")]
    public void Logs_in_Production_are_lines_of_JSON_in_UTC(string program)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPostgres.Repository, program, "appsettings.json")));
        var console = settings.RootElement.GetProperty("Logging").GetProperty("Console");
        Assert.Equal("json", console.GetProperty("FormatterName").GetString());
        Assert.True(console.GetProperty("FormatterOptions").GetProperty("UseUtcTimestamp").GetBoolean());
        Assert.Equal("O", console.GetProperty("FormatterOptions").GetProperty("TimestampFormat").GetString());
    }

    /// <summary>Whoever operates Portal copies it.</summary>
    [Fact]
    public void The_proxy_in_the_example_speaks_new_TLS_and_passes_on_nothing_that_a_visitor_claims()
    {
        var lines = File.ReadLines(Path.Combine(TestPostgres.Repository, "docs", "examples", "nginx.conf"))
            .Select(line => line.Trim())
            .ToList();
        Assert.Contains("ssl_protocols TLSv1.2 TLSv1.3;", lines);
        var ciphers = Assert
            .Single(lines, line => line.StartsWith("ssl_ciphers ", StringComparison.Ordinal))["ssl_ciphers ".Length..]
            .TrimEnd(';')
            .Split(':');
        Assert.All(ciphers, cipher => Assert.Matches("^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$", cipher));
        Assert.Contains("proxy_set_header X-Forwarded-For $remote_addr;", lines);
        Assert.Contains("proxy_set_header X-Forwarded-Proto $scheme;", lines);

        // By http people are led on, and programs are not.
        Assert.Equal("return 403;", lines[lines.IndexOf("location /webhooks/ {") + 1]);
        Assert.Equal(
            "return 301 https://portal.example.com$request_uri;",
            Assert.Single(lines, line => line.StartsWith("return 301", StringComparison.Ordinal))
        );
    }
}
