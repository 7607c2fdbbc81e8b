using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Tests.Operators;

/// <summary>What stands still is told to operators, and not to the log alone.</summary>
[Trait("Needs", "database")]
public sealed class SweepWatchTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const string Name = "Breakable-local";

    private readonly FakeTimeProvider clock = new(Tenant.Epoch);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fails_ten_times_in_a_row_opens_an_incident_and_a_good_round_closes_it()
    {
        using var sweep = new Breakable(TimeSpan.FromMinutes(1), clock) { Failure = new TimeoutException("permission denied") };
        using var watch = Watch(sweep);
        await sweep.StartAsync(Ct);
        await FailAsync(sweep, watch, until: 9);
        Assert.Empty(await OpenAsync());
        await FailAsync(sweep, watch, until: 12);
        Assert.Equal(
            $"Breakable has failed 10 times in a row since {Tenant.Epoch:yyyy-MM-dd HH:mm} UTC: permission denied",
            Assert.Single(await OpenAsync())
        );
        await MendAsync(sweep);
        await watch.SweepAsync(Ct);
        Assert.Empty(await OpenAsync());

        // One good round, and it begins anew.
        sweep.Failure = new TimeoutException("again");
        clock.Advance(sweep.Interval);
        await FailAsync(sweep, watch, until: 9);
        Assert.Empty(await OpenAsync());
        await sweep.StopAsync(Ct);
    }

    [Fact]
    public async Task Many_rounds_within_seconds_are_no_incident_yet()
    {
        using var sweep = new Breakable(TimeSpan.FromSeconds(1), clock) { Failure = new TimeoutException("starting") };
        using var watch = Watch(sweep);
        await sweep.StartAsync(Ct);
        await FailAsync(sweep, watch, until: 15);
        Assert.Empty(await OpenAsync());
        await sweep.StopAsync(Ct);
    }

    [Fact]
    public async Task A_worker_that_starts_anew_and_works_closes_what_the_one_before_it_left_open()
    {
        await using (var db = CreateDbContext())
        {
            await Incidents.OpenAsync(db, null, Name, IncidentKinds.SweepFails, "It failed.", Tenant.Epoch, Ct);
        }

        using var sweep = new Breakable(TimeSpan.FromMinutes(1), clock);
        using var watch = Watch(sweep);
        await watch.SweepAsync(Ct);
        Assert.Single(await OpenAsync());
        await sweep.StartAsync(Ct);
        await Until.TrueAsync(() => sweep.HasRun);
        await watch.SweepAsync(Ct);
        Assert.Empty(await OpenAsync());
        await sweep.StopAsync(Ct);
    }

    [Fact]
    public async Task What_an_engine_that_is_away_keeps_from_being_done_is_told_by_its_own_incident()
    {
        using var sweep = new Breakable(TimeSpan.FromMinutes(1), clock)
        {
            Failure = new EngineException(EngineFault.Unavailable, "It does not answer."),
        };
        using var watch = Watch(sweep);
        await using var db = CreateDbContext();
        await Incidents.OpenAsync(db, null, "local", IncidentKinds.EngineAway, "It is away.", Tenant.Epoch, Ct);
        await sweep.StartAsync(Ct);
        await FailAsync(sweep, watch, until: 11);
        Assert.Empty(await OpenAsync());
        await Incidents.CloseAsync(db, "local", IncidentKinds.EngineAway, clock.GetUtcNow(), Ct);
        await watch.SweepAsync(Ct);
        Assert.Single(await OpenAsync());
        await sweep.StopAsync(Ct);
    }

    private SweepWatch Watch(Sweep sweep) => new(AsWorker, () => [sweep], new RegionName("local"), clock, NullLogger<SweepWatch>.Instance);

    /// <summary>Round by round up to this number, each looked at.</summary>
    private async Task FailAsync(Breakable sweep, SweepWatch watch, int until)
    {
        while (true)
        {
            var rounds = sweep.Failures?.Rounds ?? 0;
            await watch.SweepAsync(Ct);
            if (rounds == until)
            {
                return;
            }

            if (rounds > 0)
            {
                clock.Advance(sweep.Interval);
            }

            await Until.TrueAsync(() => sweep.Failures?.Rounds > rounds);
        }
    }

    private async Task MendAsync(Breakable sweep)
    {
        sweep.Failure = null;
        clock.Advance(sweep.Interval);
        await Until.TrueAsync(() => sweep.Failures is null);
    }

    private async Task<List<string>> OpenAsync()
    {
        await using var db = CreateDbContext();
        return await db
            .Incidents.Where(incident =>
                incident.ResourceId == Name && incident.Kind == IncidentKinds.SweepFails && incident.ClosedAt == null
            )
            .Select(incident => incident.Message)
            .ToListAsync(Ct);
    }

    private sealed class Breakable(TimeSpan interval, TimeProvider clock) : Sweep(interval, clock, NullLogger.Instance)
    {
        public TimeSpan Interval { get; } = interval;

        public Exception? Failure { get; set; }

        public override Task SweepAsync(CancellationToken ct) => Failure is { } failure ? Task.FromException(failure) : Task.CompletedTask;
    }
}
