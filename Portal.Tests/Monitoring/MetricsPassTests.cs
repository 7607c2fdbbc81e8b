using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Monitoring;

[Trait("Needs", "database")]
public sealed class MetricsPassTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_minute_is_written_down_as_rates_for_the_instance_and_for_its_volume()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(2, percent: 40, bytesPerSecond: 8192);

        var sample = Assert.Single(await scene.SamplesAsync());
        Assert.Equal(MetricResolution.Minute.StartOf(scene.Clock.GetUtcNow()).AddMinutes(-1), sample.At);
        Assert.Equal((scene.Actor.AccountId, 40f, 25f), (sample.AccountId, sample.Cpu, sample.Memory));
        Assert.Equal((8192f, 16384f, 2f, 4f), (sample.DiskRead, sample.DiskWrite, sample.DiskReads, sample.DiskWrites));
        Assert.Equal((24576f, 32768f), (sample.NetworkIn, sample.NetworkOut));
        var disk = Assert.Single(await scene.SamplesAsync(resourceId: scene.VolumeId));
        Assert.Equal((scene.Actor.AccountId, null, 8192f, null), (disk.AccountId, disk.Cpu, disk.DiskRead, disk.NetworkIn));
    }

    [Fact]
    public async Task Looks_within_one_minute_make_one_sample()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(2, percent: 40);
        await scene.Pass.SweepAsync(Ct);
        scene.Clock.Advance(TimeSpan.FromSeconds(15));
        await scene.Pass.SweepAsync(Ct);
        Assert.Single(await scene.SamplesAsync());
    }

    [Fact]
    public async Task A_worker_that_starts_anew_needs_two_looks_and_writes_nothing_twice()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(2, percent: 40);
        scene.Restart();
        await scene.Pass.SweepAsync(Ct);
        scene.Clock.Advance(TimeSpan.FromSeconds(15));
        await scene.Pass.SweepAsync(Ct);
        Assert.Equal(40f, Assert.Single(await scene.SamplesAsync()).Cpu);
    }

    [Fact]
    public async Task While_the_engine_is_away_there_is_a_gap_and_no_guess()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(3, percent: 40);
        scene.Engine.Away = "libvirt does not answer";
        await scene.MinutesAsync(5, percent: 90);
        scene.Engine.Away = null;
        await scene.MinutesAsync(2, percent: 20);

        // The first look after it says nothing of a minute.
        var samples = await scene.SamplesAsync();
        Assert.Equal([40f, 40f, 20f], samples.Select(sample => sample.Cpu));
        Assert.Equal(TimeSpan.FromMinutes(7), samples[2].At - samples[1].At);
    }

    [Fact]
    public async Task Counters_that_began_anew_are_counted_from_zero()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(2, percent: 40, bytesPerSecond: 1000);
        scene.ResetCounters();
        await scene.MinutesAsync(1, percent: 10, bytesPerSecond: 500);
        var last = (await scene.SamplesAsync())[^1];
        Assert.Equal((10f, 1500f), (last.Cpu, last.NetworkIn));
    }

    [Fact]
    public async Task A_machine_of_nobody_or_of_one_that_does_not_run_is_not_written_down()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(1, percent: 40);
        await using (var db = CreateDbContext())
        {
            (await db.Instances.SingleAsync(Ct)).RequestTerminate(scene.Clock.GetUtcNow());
            (await db.Instances.SingleAsync(Ct)).ObserveRemoved(scene.Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await scene.MinutesAsync(1, percent: 40);
        Assert.Empty(await scene.SamplesAsync());
    }

    [Fact]
    public async Task Five_minutes_and_hours_are_averages_made_once_they_are_over_also_by_a_worker_that_was_down()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(60, percent: 10);
        await scene.MinutesAsync(30, percent: 50);
        scene.Restart();
        scene.Clock.Advance(TimeSpan.FromHours(2));
        await scene.MinutesAsync(2, percent: 50);

        var fives = await scene.SamplesAsync(5);
        Assert.All(fives, five => Assert.Equal(0, five.At.Minute % 5));
        Assert.Equal(
            [.. Enumerable.Repeat<float?>(10f, 12), .. Enumerable.Repeat<float?>(50f, 6)],
            fives.Take(18).Select(five => five.Cpu)
        );
        Assert.Equal([10f, 50f], (await scene.SamplesAsync(60)).Take(2).Select(hour => hour.Cpu));
    }

    [Fact]
    public async Task What_is_too_old_is_thrown_away_and_what_was_made_of_it_stays()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(67, percent: 10);
        var made = await scene.SamplesAsync(5);
        scene.Restart();
        scene.Clock.Advance(MetricResolution.Minute.Kept);
        await scene.MinutesAsync(2, percent: 50);

        Assert.Single(await scene.SamplesAsync());
        Assert.Equal(
            made.Select(five => (five.At, five.Cpu)),
            (await scene.SamplesAsync(5)).Take(made.Count).Select(five => (five.At, five.Cpu))
        );

        scene.Restart();
        scene.Clock.Advance(MetricResolution.FiveMinutes.Kept);
        await scene.MinutesAsync(2, percent: 50);
        Assert.DoesNotContain(await scene.SamplesAsync(5), five => five.At <= made[^1].At);
        Assert.Equal(10f, (await scene.SamplesAsync(60))[0].Cpu);
    }

    [Fact]
    public async Task A_call_that_fails_before_or_after_it_was_answered_costs_a_sample_at_most()
    {
        var scene = await MonitoringScene.StartAsync(this);
        await scene.MinutesAsync(2, percent: 40);
        foreach (var point in Enum.GetValues<FaultPoint>())
        {
            scene.Engine.FailOnce(nameof(IMetricsEngine.CountersAsync), point);
            await scene.MinutesAsync(2, percent: 40);
        }

        // The look after a failed one covers both minutes and is written down for the second.
        Assert.All(await scene.SamplesAsync(), sample => Assert.Equal(40f, sample.Cpu));
        Assert.Equal(3, (await scene.SamplesAsync()).Count);
    }

    [Fact]
    public async Task The_pages_of_whom_it_concerns_are_told()
    {
        var scene = await MonitoringScene.StartAsync(this);
        using var changes = new Changes(Source, NullLogger<Changes>.Instance);
        await changes.StartAsync(Ct);
        await changes.Listening;
        var told = new TaskCompletionSource<Change>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = changes.Subscribe(
            change => change.Table == "MetricSamples",
            change => Task.FromResult(told.TrySetResult(change))
        );
        await scene.MinutesAsync(2, percent: 40);
        Assert.Equal(scene.Actor.AccountId, (await told.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct)).AccountId);
        await changes.StopAsync(Ct);
    }
}
