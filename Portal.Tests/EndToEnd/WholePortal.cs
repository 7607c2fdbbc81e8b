using System.Globalization;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>
/// All of Portal as <c>bin/up</c> runs it: the web, the worker on the real engine, the sandbox; only in one process and on free ports.
/// </summary>
public sealed class WholePortal : IAsyncDisposable
{
    private readonly WorkerServer worker;

    private WholePortal(SandboxServer sandbox, PortalServer web, WorkerServer worker) =>
        (Sandbox, Web, this.worker) = (sandbox, web, worker);

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
        var worker = await WorkerServer.StartAsync(database, settings: settings);
        return new WholePortal(sandbox, web, worker);
    }

    public async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await Web.DisposeAsync();
        await Sandbox.DisposeAsync();
    }
}
