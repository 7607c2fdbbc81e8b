using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Worker.Monitoring;
using Portal.Worker.Operators;

namespace Portal.Tests.Monitoring;

/// <summary>One running instance of one account, and a clock by which minutes pass as fast as a test wants.</summary>
internal sealed class MonitoringScene
{
    private const long Memory = 512L << 20;

    private readonly IDbContextFactory<PortalDb> dbs;
    private TimeSpan cpu;
    private long bytes;

    private MonitoringScene(IDbContextFactory<PortalDb> dbs) => this.dbs = dbs;

    public FakeTimeProvider Clock { get; } = new(AnAccount.Now);

    public InMemoryEngine Engine { get; } = new();

    public Actor Actor { get; private set; } = null!;

    public string InstanceId { get; private set; } = "";

    /// <summary>Its root disk.</summary>
    public string VolumeId { get; private set; } = "";

    public MetricsPass Pass { get; private set; } = null!;

    public static async Task<MonitoringScene> StartAsync(IDbContextFactory<PortalDb> dbs)
    {
        var scene = new MonitoringScene(dbs) { Actor = await AnAccount.ReadyAsync(dbs) };
        scene.InstanceId = await RunningMachines.AddAsync(dbs, scene.Engine, scene.Actor);
        await using var db = await dbs.CreateDbContextAsync();
        scene.VolumeId = await db.Volumes.Select(volume => volume.Id).SingleAsync();
        scene.Restart();
        return scene;
    }

    /// <summary>A worker that starts anew remembers nothing.</summary>
    public void Restart()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Portal:Url"] = "https://portal.example" })
            .Build();
        var region = new RegionName("local");
        Pass = new MetricsPass(
            dbs,
            Engine,
            new MetricHistory(),
            new AlertCheck(configuration, region, Clock),
            region,
            Clock,
            NullLogger<MetricsPass>.Instance
        );
    }

    /// <summary>Lets a machine with one processor be so busy for so many minutes; a look at the end of each.</summary>
    public async Task MinutesAsync(int count, double percent, long bytesPerSecond = 0)
    {
        for (var minute = 0; minute < count; minute++)
        {
            Clock.Advance(TimeSpan.FromMinutes(1));
            (cpu, bytes) = (cpu + TimeSpan.FromSeconds(60 * percent / 100), bytes + (60 * bytesPerSecond));
            Engine.Used[InstanceId] = new MachineCounters(
                InstanceId,
                cpu,
                1,
                Memory / 4,
                Memory,
                [new DiskCounters(VolumeId, bytes, 2 * bytes, bytes / 4096, bytes / 2048)],
                3 * bytes,
                4 * bytes
            );
            await Pass.SweepAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The machine was started anew: its counters begin at zero.</summary>
    public void ResetCounters() => (cpu, bytes) = (TimeSpan.Zero, 0);

    public async Task<List<MetricSample>> SamplesAsync(short resolution = 1, string? resourceId = null)
    {
        await using var db = await dbs.CreateDbContextAsync();
        return await db
            .MetricSamples.AsNoTracking()
            .Where(sample => sample.ResourceId == (resourceId ?? InstanceId) && sample.Resolution == resolution)
            .OrderBy(sample => sample.At)
            .ToListAsync();
    }
}
