using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Portal.Model.Shared;
using Portal.Worker;

namespace Portal.Tests.Shared;

/// <summary>A program that must not run as it is configured says so in one line, and ends with 78.</summary>
public sealed class StartRefusedTests
{
    private const string Database = "ConnectionStrings:Portal=Host=localhost",
        Url = "Portal:Url=https://portal.test",
        Key = "Stripe:SecretKey=sk_live_1",
        Secret = "Stripe:WebhookSecret=whsec_1",
        Engine = "Engine:Folder=/nowhere";

    [Theory]
    [InlineData("ConnectionStrings__Portal is not set")]
    [InlineData("ConnectionStrings__Portal cannot be read", "ConnectionStrings:Portal=Hots=localhost")]
    [InlineData("ConnectionStrings__Portal names no Host", "ConnectionStrings:Portal=Username=portal")]
    [InlineData("Portal__Url is not set", Database)]
    [InlineData("Portal__KnownProxies holds", Database, "Portal:KnownProxies=my-proxy")]
    [InlineData("Stripe:SecretKey is not set", Database, Url)]
    [InlineData("Stripe:WebhookSecret is not set", Database, Url, Key)]
    [InlineData("Sandbox:Url is set", Database, Url, Key, Secret, "Sandbox:Url=http://127.0.0.1:1")]
    public Task The_web_refuses_with_a_sentence(string sentence, params string[] settings) =>
        AssertRefusedAsync(sentence, settings, builder => builder.AddPortal());

    [Theory]
    [InlineData("ConnectionStrings__Portal is not set")]
    [InlineData("Engine__Folder is not set", Database)]
    [InlineData("Stripe:SecretKey is not set", Database, Engine)]
    [InlineData("Sandbox:Url is set", Database, Engine, Key, Secret, "Sandbox:Url=http://127.0.0.1:1")]
    [InlineData("Smtp__Tls is “maybe”", Database, Engine, Key, Secret, "Smtp:Tls=maybe", "Smtp:Host=mail.test")]
    [InlineData("A setting cannot be read: Failed to convert configuration value", Database, Engine, Key, Secret, "Smtp:Port=many")]
    [InlineData("ObjectStore__Endpoint is “s3.test”", Database, Engine, Key, Secret, "ObjectStore:Endpoint=s3.test")]
    [InlineData(
        "ObjectStore__InternalEndpoint is “http://s3.test/path”",
        Database,
        Engine,
        Key,
        Secret,
        "ObjectStore:InternalEndpoint=http://s3.test/path"
    )]
    [InlineData(
        "ObjectStore__AdminKeyId and ObjectStore__AdminSecret belong together",
        Database,
        Engine,
        Key,
        Secret,
        "ObjectStore:AdminKeyId=portal"
    )]
    [InlineData(
        "ObjectStore__AdminKeyId is set, and ObjectStore__Endpoint is not",
        Database,
        Engine,
        Key,
        Secret,
        "ObjectStore:AdminKeyId=portal",
        "ObjectStore:AdminSecret=secret12"
    )]
    public Task The_worker_refuses_with_a_sentence(string sentence, params string[] settings) =>
        AssertRefusedAsync(sentence, settings, builder => builder.AddWorker());

    [Theory]
    [InlineData("Portal")]
    [InlineData("Portal.Worker")]
    public async Task As_a_program_it_is_one_line_and_exit_code_78(string program)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, program + ".dll"), "--contentRoot", Path.GetTempPath()]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.Contains("__", StringComparison.Ordinal) || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
                )
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }

        start.Environment["ConnectionStrings__Portal"] = "Host=localhost";
        (start.Environment["Portal__Url"], start.Environment["Engine__Folder"]) = ("https://portal.test", "/nowhere");
        using var process = Process.Start(start)!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("", 78), (await said, process.ExitCode));
        Assert.Equal(
            "Stripe:SecretKey is not set: without it no card can be taken. Set Stripe__SecretKey to the secret key of your Stripe account.",
            Assert.Single((await complained).TrimEnd().Split('\n'))
        );
    }

    [Fact]
    public async Task What_is_no_refusal_stays_what_it_is() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            StartRefusedException.TellAsync(TextWriter.Null, () => throw new InvalidOperationException("a mistake"))
        );

    [Theory]
    [InlineData("Host=db", "Disable")]
    [InlineData("Host=db;GSS Encryption Mode=Require", "Require")]
    public void Kerberos_is_not_tried_unless_it_is_asked_for(string text, string mode)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("ConnectionStrings:Portal", (string?)text)])
            .Build();
        Assert.Equal(mode, new Npgsql.NpgsqlConnectionStringBuilder(DatabaseSettings.From(configuration)).GssEncryptionMode.ToString());
    }

    private static async Task AssertRefusedAsync(string sentence, string[] settings, Action<WebApplicationBuilder> add)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = "Production",
                ContentRootPath = Path.GetTempPath(),
                Args = [.. settings.Select(setting => $"--{setting}")],
            }
        );
        using var errors = new StringWriter();
        var code = await StartRefusedException.TellAsync(
            errors,
            () =>
            {
                add(builder);
                return Task.FromResult(0);
            }
        );
        Assert.Equal(StartRefusedException.ExitCode, code);
        Assert.StartsWith(sentence, Assert.Single(errors.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
    }
}
