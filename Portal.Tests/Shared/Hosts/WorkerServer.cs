using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Portal.Tests.Compute;
using Portal.Worker;

namespace Portal.Tests.Shared;

/// <summary>
/// The real worker in this process, against a test's database. It is stopped as a host stops: its jobs come to an end first.
/// </summary>
public sealed class WorkerServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private WorkerServer(WebApplication app) => this.app = app;

    public Uri Address => new(app.Urls.Single());

    /// <param name="database">A test's; the worker uses it with its own role.</param>
    /// <param name="engine">What it drives; without one, the real engine that its settings name.</param>
    /// <param name="settings">Configuration, e.g. <c>("Engine:Folder", "/tmp/engine")</c>.</param>
    public static async Task<WorkerServer> StartAsync(
        string database,
        InMemoryEngine? engine = null,
        params (string Key, string Value)[] settings
    )
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = Environments.Development,
                ApplicationName = typeof(WorkerHost).Assembly.GetName().Name,
                ContentRootPath = Path.Combine(TestPostgres.Repository, "Portal.Worker"),
                Args = ["--urls=http://127.0.0.1:0"],
            }
        );
        TestLog.Use(builder);
        builder.Configuration.AddInMemoryCollection(
            settings
                .Append(("ConnectionStrings:Portal", TestPostgres.As("worker", database)))
                .Append(("KeyRing:File", TestPostgres.KeyRingFile))
                .Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2))
        );
        if (engine is not null)
        {
            builder.Services.AddEngine(engine);
        }

        builder.AddWorker();
        var worker = builder.Build();
        worker.MapWorkerHealth();
        await worker.StartAsync();
        return new WorkerServer(worker);
    }

    public async ValueTask DisposeAsync() => await TestLog.EndAsync(app);
}
