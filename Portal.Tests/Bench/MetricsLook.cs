using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Monitoring;
using Portal.Worker.Operators;

namespace Portal.Tests.Bench;

/// <summary>
/// (h) One look at 200 guests of the engine in memory, each with two disks and an alert: asked for, written down, alerts checked, older
/// samples put together. Beside it the bare insert of as many rows.
/// </summary>
internal sealed class MetricsLook(TestPostgres postgres) : TestDatabase(postgres), IMetricsEngine
{
    private const int Guests = 200;
    private const int Looks = 40;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);
    private IReadOnlyList<MachineCounters> counters = [];
    private string bare = "";

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var bench = new MetricsLook(postgres);
        await bench.InitializeAsync();
        return await bench.MeasureAsync();
    }

    public Task<IReadOnlyList<MachineCounters>> CountersAsync(CancellationToken ct) => Task.FromResult(counters);

    private async Task<IReadOnlyList<Figure>> MeasureAsync()
    {
        var ids = await AddGuestsAsync();
        var region = new RegionName("local");
        using var pass = new MetricsPass(
            this,
            this,
            new MetricHistory(),
            new AlertCheck(new ConfigurationBuilder().Build(), region, clock),
            region,
            clock,
            NullLogger<MetricsPass>.Instance
        );
        var (looks, inserts) = (new List<double>(), new List<double>());
        for (var look = 0; look < Looks; look++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            counters = [.. ids.Select(id => Used(id, look))];
            looks.Add(await TimeAsync(() => pass.SweepAsync(CancellationToken.None)));
            inserts.Add(await TimeAsync(InsertAsync));
        }

        await using var db = CreateDbContext();
        var written = await db.MetricSamples.CountAsync(sample => sample.Resolution == 1 && sample.AccountId != bare);
        return written == Guests * 3 * (Looks - 1)
            ?
            [
                new Figure(
                    $"(h) metrics of {Guests} guests collected and stored, p95",
                    Figure.Percentile(looks.Skip(2), 0.95),
                    "ms",
                    Figure.Percentile(inserts.Skip(2), 0.95),
                    1000
                ),
            ]
            : throw new InvalidOperationException($"{written} samples were written.");
    }

    private async Task<string[]> AddGuestsAsync()
    {
        bare = (await AnAccount.ReadyAsync(this)).AccountId;
        var actor = await AnAccount.ReadyAsync(this, instanceLimit: Guests);
        await using var db = CreateDbContext();
        await Fleet.AddAsync(db, actor.AccountId, Guests);
        var ids = await db.Instances.Select(instance => instance.Id).ToArrayAsync();
        foreach (var id in ids)
        {
            var rule = new AlertRule
            {
                Id = ResourceIds.New("alarm"),
                AccountId = actor.AccountId,
                ResourceId = id,
                RegionId = "local",
                CreatedAt = clock.GetUtcNow(),
            };
            rule.Set(new AlertWish(Metric.Cpu, AlertSide.Above, 80, 5, actor.UserId));
            db.AlertRules.Add(rule);
        }

        await db.SaveChangesAsync();
        return ids;
    }

    private static MachineCounters Used(string id, int look)
    {
        var bytes = look * 1_000_000L;
        return new MachineCounters(id, TimeSpan.FromSeconds(look), 1, 100 << 20, 512 << 20, [Disk('a'), Disk('b')], bytes, bytes);

        DiskCounters Disk(char kind) => new($"vol-{kind}{id[3..]}", bytes, 2 * bytes, look, 2 * look);
    }

    private async Task InsertAsync()
    {
        await using var db = CreateDbContext();
        var now = clock.GetUtcNow();
        await db.Database.ExecuteSqlAsync(
            $"""INSERT INTO "MetricSamples" ("AccountId", "ResourceId", "Resolution", "At", "Cpu") SELECT {bare}, 'i-' || n, 1, {now}, 1 FROM generate_series(1, {3 * Guests}) n"""
        );
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalMilliseconds;
    }
}
