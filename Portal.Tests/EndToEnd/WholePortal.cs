using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker;

namespace Portal.Tests.EndToEnd;

/// <summary>All of Portal as <c>bin/up</c> runs it: the web, the worker on the real engine, the sandbox; only in one process and on free ports.</summary>
public sealed class WholePortal : IAsyncDisposable
{
    private readonly WebApplication worker;

    private WholePortal(SandboxServer sandbox, PortalServer web, WebApplication worker) => (Sandbox, Web, this.worker) = (sandbox, web, worker);

    public SandboxServer Sandbox { get; }

    public PortalServer Web { get; }

    public static async Task<WholePortal> StartAsync(string database, TestEngine engine)
    {
        var port = TestPostgres.FreePort();
        var sandbox = await SandboxServer.StartAsync(webhookUrl: $"http://127.0.0.1:{port}/webhooks/stripe");
        (string, string)[] settings =
        [
            ("Sandbox:Url", sandbox.Url),
            ("Smtp:Host", "127.0.0.1"),
            ("Smtp:Port", sandbox.SmtpPort.ToString(CultureInfo.InvariantCulture)),
            ("Engine:Folder", engine.Folder),
            ("Portal:Url", $"http://localhost:{port}"),
        ];
        var web = await PortalServer.StartAsync(database, port: port, settings: settings);
        var worker = await StartWorkerAsync(database, settings);
        return new WholePortal(sandbox, web, worker);
    }

    public async ValueTask DisposeAsync()
    {
        await worker.StopAsync();
        await worker.DisposeAsync();
        await Web.DisposeAsync();
        await Sandbox.DisposeAsync();
    }

    private static async Task<WebApplication> StartWorkerAsync(string database, (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development, Args = ["--urls=http://127.0.0.1:0"] });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Portal"] = database,
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Microsoft.Hosting"] = "Warning",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddWorker();
        var worker = builder.Build();
        worker.MapWorkerHealth();
        await worker.StartAsync();
        return worker;
    }
}
