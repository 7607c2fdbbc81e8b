using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;

namespace Portal.Tests.Faults;

/// <summary>Lets workers in other processes use an engine of this one.</summary>
internal sealed class EngineServer : IAsyncDisposable
{
    /// <summary>The request header by which a worker says which one it is.</summary>
    public const string WorkerHeader = "X-Worker";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, (int Left, TaskCompletionSource Reached)> awaited;

    private EngineServer(WebApplication app, ConcurrentDictionary<string, (int Left, TaskCompletionSource Reached)> awaited) =>
        (this.app, this.awaited) = (app, awaited);

    public string Address => app.Urls.Single();

    /// <summary>
    /// Completes as this worker makes so many calls more: in the middle of its work, at a moment that is the same on a slow machine and a
    /// fast one.
    /// </summary>
    public Task AfterCallsAsync(string worker, int calls)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        awaited[worker] = (calls, reached);
        return reached.Task;
    }

    public static async Task<EngineServer> StartAsync(InMemoryEngine engine)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var awaited = new ConcurrentDictionary<string, (int Left, TaskCompletionSource Reached)>(StringComparer.Ordinal);
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        Map<NetworkSpec>("network", async network => EngineWire.Result(await engine.EnsureNetworkAsync(network, default)));
        Map<VolumeSpec>("volume", async spec => EngineWire.Result(await engine.EnsureVolumeAsync(spec, default)));
        Map<string>("observe-volume", async id => EngineWire.Result(await engine.ObserveVolumeAsync(id, default)));
        Map<(VolumeAttachment Volume, string InstanceId)>(
            "attach-volume",
            async asked => EngineWire.Result(await engine.EnsureAttachedAsync(asked.Volume, asked.InstanceId, default))
        );
        Map<(string VolumeId, string InstanceId)>(
            "detach-volume",
            async asked => EngineWire.Result(await engine.EnsureDetachedAsync(asked.VolumeId, asked.InstanceId, default))
        );
        Map<string>("remove-volume", async id => await DoneAsync(engine.RemoveVolumeAsync(id, default)));
        Map<string>("list-volumes", async _ => EngineWire.Result(await engine.ListVolumesAsync(default)));
        Map<SnapshotSpec>("snapshot", async spec => EngineWire.Result(await engine.EnsureSnapshotAsync(spec, default)));
        Map<string>("remove-snapshot", async id => await DoneAsync(engine.RemoveSnapshotAsync(id, default)));
        Map<string>("list-snapshots", async _ => EngineWire.Result(await engine.ListSnapshotsAsync(default)));
        Map<InstanceSpec>("machine", async spec => EngineWire.Result(await engine.EnsureMachineAsync(spec, default)));
        Map<InstanceSpec>("observe", async spec => EngineWire.Result(await engine.ObserveAsync(spec, default)));
        Map<string>("observe-all", async _ => EngineWire.Result(await engine.ObserveAllAsync(default)));
        Map<InstanceSpec>("remove", async spec => await DoneAsync(engine.RemoveAsync(spec, default)));
        Map<string>("remove-network", async id => await DoneAsync(engine.RemoveNetworkAsync(id, default)));
        Map<InterfaceCall>(
            "attach",
            async call => EngineWire.Result(await engine.AttachInterfaceAsync(call.InstanceId, call.NetworkId, call.Interface, default))
        );
        Map<InterfaceCall>(
            "detach",
            async call => EngineWire.Result(await engine.DetachInterfaceAsync(call.InstanceId, call.Interface, default))
        );
        Map<string>("uplink", async _ => EngineWire.Result(await engine.UplinkAsync(default)));
        Map<string>("list", async _ => EngineWire.Result(await engine.ListAsync(default)));
        Map<string>("capacity", async _ => EngineWire.Result(await engine.CapacityAsync(default)));
        Map<string>("images", async _ => EngineWire.Result(await engine.ImagesAsync(default)));
        Map<ImageSource>("fetch", async source => await DoneAsync(engine.FetchImageAsync(source, null, default)));
        Map<(string InstanceId, string User, string Hash)>(
            "password",
            async asked => await DoneAsync(engine.SetPasswordAsync(asked.InstanceId, asked.User, asked.Hash, default))
        );
        Map<(string InstanceId, string User, string PublicKey, string? Former)>(
            "key",
            async asked => await DoneAsync(engine.SetKeyAsync(asked.InstanceId, asked.User, asked.PublicKey, asked.Former, default))
        );
        Map<string>("counters", async _ => EngineWire.Result(await ((IMetricsEngine)engine).CountersAsync(default)));
        Map<string>("log", async id => EngineWire.Result(await engine.ReadSerialLogAsync(id, 65536, default)));
        await app.StartAsync();
        return new EngineServer(app, awaited);

        // The call is not cancelled when the asker dies: as with a real engine, what was begun comes to its end.
        void Map<T>(string verb, Func<T, Task<IResult>> answer) =>
            app.MapPost(
                $"/{verb}",
                async (HttpContext http) =>
                {
                    Count(http.Request.Headers[WorkerHeader].ToString());
                    try
                    {
                        return await answer(await EngineWire.ReadAsync<T>(http.Request.Body, default));
                    }
                    catch (EngineException error)
                    {
                        return Results.Text(
                            error.Message,
                            statusCode: error.Fault is EngineFault.Missing
                                ? StatusCodes.Status404NotFound
                                : StatusCodes.Status503ServiceUnavailable
                        );
                    }
                }
            );

        void Count(string worker)
        {
            var next = awaited.AddOrUpdate(
                worker,
                _ => (int.MaxValue, new TaskCompletionSource()),
                (_, now) => (now.Left - 1, now.Reached)
            );
            if (next.Left <= 0)
            {
                next.Reached.TrySetResult();
            }
        }

        static async Task<IResult> DoneAsync(Task call)
        {
            await call;
            return EngineWire.Result(true);
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
