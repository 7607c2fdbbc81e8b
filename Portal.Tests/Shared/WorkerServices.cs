using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Tests.Compute;
using Portal.Worker.Compute;
using Portal.Worker.Networking;
using Portal.Worker.Operators;
using Portal.Worker.Shared;
using Portal.Worker.Storage;

namespace Portal.Tests.Shared;

/// <summary>The worker's jobs, sweeps and patrols on an engine in memory, none of which runs by itself.</summary>
internal static class WorkerServices
{
    public static ServiceProvider Of(IDbContextFactory<PortalDb> dbs, NpgsqlDataSource source, InMemoryEngine engine, TimeProvider clock) => new ServiceCollection()
        .AddSingleton(dbs)
        .AddSingleton(source)
        .AddEngine(engine)
        .AddSingleton(clock)
        .AddSingleton(new RegionName("local"))
        .AddSingleton<PrivateNetworks>()
        .AddSingleton<Nudges>()
        .AddResourceJob<IInstanceJob, InstanceJob>("i")
        .AddResourceJob<IVolumeJob, VolumeJob>("vol")
        .AddTransient<MachinePatrol>()
        .AddTransient<RegionPatrol>()
        .AddTransient<VolumePatrol>()
        .AddTransient<InstanceSweep>()
        .AddTransient<VolumeSweep>()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .BuildServiceProvider();
}
