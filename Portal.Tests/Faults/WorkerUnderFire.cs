using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker;
using Portal.Worker.Billing;
using Portal.Worker.Buckets;
using Portal.Worker.Closing;
using Portal.Worker.Compute;
using Portal.Worker.Networking;
using Portal.Worker.Operators;
using Portal.Worker.Volumes;

namespace Portal.Tests.Faults;

/// <summary>
/// A worker in a process of its own, which can be killed: the real one in everything but its engine, which it reaches over
/// <see cref="EngineWire"/>.
/// </summary>
internal sealed class WorkerUnderFire : IDisposable
{
    private static readonly Type[] OfMachines =
    [
        typeof(InstanceSweep),
        typeof(MachinePatrol),
        typeof(VolumeSweep),
        typeof(VolumePatrol),
        typeof(NetworkSweep),
        typeof(InterfaceSweep),
        typeof(RegionPatrol),
    ];

    private static readonly Type[] OfBuckets =
    [
        typeof(StorePatrol),
        typeof(BucketMetering),
        typeof(BucketSweep),
        typeof(AccessKeySweep),
        typeof(ObjectStoreUserSweep),
    ];

    private static readonly Type[] OfClosing = [typeof(ClosingSweep), typeof(SnapshotSweep)];

    private static readonly Type[] OfCards = [typeof(CardSweep)];

    private readonly Process process;

    private WorkerUnderFire(Process process, string name) => (this.process, Name) = (process, name);

    /// <summary>By which the engine's server knows it.</summary>
    public string Name { get; }

    /// <summary>The other process's side.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        TestLog.Use(builder);
        if (builder.Configuration["engine"] is { } engine)
        {
            var http = new HttpClient { BaseAddress = new Uri(engine) };
            http.DefaultRequestHeaders.Add(EngineServer.WorkerHeader, builder.Configuration["name"]);
            builder.Services.AddEngine(new RemoteEngine(http));
            builder.AddWorker();
            KeepTo(
                builder.Services,
                builder.Configuration["ObjectStore:Endpoint"] is null ? OfMachines : [.. OfMachines, .. OfBuckets, .. OfClosing]
            );
        }
        else
        {
            builder.Services.AddEngine(new InMemoryEngine());
            builder.AddWorker();
            if (builder.Configuration["whole"] is null) // as a later version's bin/test --upgrade wants it
            {
                KeepTo(builder.Services, builder.Configuration["Sandbox:Url"] is null ? OfBuckets : OfCards);
            }
        }

        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine("started"));
        await app.RunAsync();
        return 0;
    }

    /// <summary>What these tests are not about does nothing in them: each start would translate its queries first.</summary>
    private static void KeepTo(IServiceCollection services, Type[] sweeps)
    {
        foreach (
            var other in services
                .Where(service =>
                    service.ServiceType == typeof(IHostedService)
                    && service.ImplementationType is { } type
                    && type.Assembly == typeof(WorkerHost).Assembly
                    && !sweeps.Contains(type)
                )
                .ToList()
        )
        {
            services.Remove(other);
        }
    }

    /// <summary>One that drives the machines of <see cref="EngineServer"/>.</summary>
    public static Task<WorkerUnderFire> StartAsync(string database, string engine) => StartAsync(database, ("engine", engine));

    /// <summary>
    /// One that drives the object store that its settings name, and nothing else; with <c>engine</c> among the settings that too, and it
    /// closes accounts. One that is told of a sandbox checks cards.
    /// </summary>
    public static async Task<WorkerUnderFire> StartAsync(string database, params (string Key, string Value)[] settings)
    {
        var name = Guid.NewGuid().ToString("N");
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                "worker",
                "--urls",
                "http://127.0.0.1:0",
                "--name",
                name,
                .. settings.SelectMany(setting => (string[])[$"--{setting.Key}", setting.Value]),
            ]
        )
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["ConnectionStrings__Portal"] = TestPostgres.As("worker", database);
        start.Environment["KeyRing__File"] = TestPostgres.KeyRingFile;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";

        // It lives for a second or two: nothing that would only pay off later.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // its pipes would stay in the temporary folder
        start.Environment["DOTNET_GCgen0size"] = "0x4000000";
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line is "started")
            {
                return new WorkerUnderFire(process, name);
            }
        }

        throw new InvalidOperationException("The worker under fire did not start.");
    }

    /// <summary>kill -9: no goodbye, no clean-up.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }
}
