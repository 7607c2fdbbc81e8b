using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Worker;

namespace Portal.Tests.Faults;

/// <summary>A worker in a process of its own, which can be killed: the real one in everything but its engine, which it reaches over <see cref="EngineWire"/>.</summary>
internal sealed class WorkerUnderFire : IDisposable
{
    private readonly Process process;

    private WorkerUnderFire(Process process, string name) => (this.process, Name) = (process, name);

    /// <summary>By which the engine's server knows it.</summary>
    public string Name { get; }

    /// <summary>The other process's side.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        var http = new HttpClient { BaseAddress = new Uri(builder.Configuration["engine"]!) };
        http.DefaultRequestHeaders.Add(EngineServer.WorkerHeader, builder.Configuration["name"]);
        var engine = new RemoteEngine(http);
        builder.Services.AddSingleton<IComputeEngine>(engine).AddSingleton<INetworkEngine>(engine).AddSingleton<IMetricsEngine>(engine);
        builder.AddWorker();
        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine("started"));
        await app.RunAsync();
        return 0;
    }

    public static async Task<WorkerUnderFire> StartAsync(string database, string engine)
    {
        var name = Guid.NewGuid().ToString("N");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["worker", "--urls", "http://127.0.0.1:0", "--engine", engine, "--name", name]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ConnectionStrings__Portal"] = database;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["DOTNET_TieredPGO"] = "0";
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
