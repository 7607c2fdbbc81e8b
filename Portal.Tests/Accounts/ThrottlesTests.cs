using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Tests.Shared;
using Portal.Worker.Accounts;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class ThrottlesTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly GrowingWait Growing = new(3, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(3), TimeSpan.FromDays(1));

    private readonly FakeTimeProvider clock = new(Tenant.Epoch);

    private Throttles Throttles => new(Source, clock);

    [Fact]
    public async Task A_window_begins_with_the_first_and_takes_so_many()
    {
        Assert.Equal((true, true, false), (await TakeAsync(), await TakeAsync(), await TakeAsync()));
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(await TakeAsync());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((true, true, false), (await TakeAsync(), await TakeAsync(), await TakeAsync()));
    }

    [Fact]
    public async Task Each_failure_doubles_the_wait_before_the_next_up_to_the_longest_and_a_try_too_early_changes_nothing()
    {
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(TimeSpan.Zero, await TryAsync());
        }

        foreach (var seconds in (int[])[30, 60, 120, 180, 180])
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), await TryAsync());
            clock.Advance(TimeSpan.FromSeconds(seconds - 1));
            Assert.Equal(TimeSpan.FromSeconds(1), await TryAsync());
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(TimeSpan.Zero, await TryAsync());
        }

        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero), (await TryAsync(), await TryAsync(), await TryAsync()));
    }

    [Fact]
    public async Task Success_forgets_the_failures_or_takes_back_its_own_count()
    {
        for (var time = 0; time < 3; time++)
        {
            await TryAsync();
        }

        await Throttles.SucceededAsync("who", forgets: false, default);
        Assert.Equal(TimeSpan.Zero, await TryAsync());
        Assert.NotEqual(TimeSpan.Zero, await TryAsync());
        await Throttles.SucceededAsync("who", forgets: true, default);
        Assert.Equal(TimeSpan.Zero, await TryAsync());
    }

    [Fact]
    public async Task Of_many_at_the_same_moment_no_more_come_through_than_one_after_the_other()
    {
        var waits = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(TryAsync)));
        Assert.Equal(3, waits.Count(wait => wait == TimeSpan.Zero));
        var taken = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(TakeAsync)));
        Assert.Equal(2, taken.Count(isTaken => isTaken));
    }

    [Fact]
    public async Task What_is_counted_cannot_be_read_from_the_table_and_is_thrown_away_when_its_time_is_over()
    {
        await Throttles.TryTakeAsync("ada@example.com", 1, TimeSpan.FromMinutes(1), default);
        await TryAsync();
        using var sweep = new DoorSweep(this, clock, NullLogger<DoorSweep>.Instance);
        await sweep.SweepAsync(default);
        await using var db = CreateDbContext();
        var keys = await db.Throttles.Select(throttle => throttle.Key).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, keys.Count);
        Assert.All(keys, key => Assert.DoesNotContain("ada", key, StringComparison.OrdinalIgnoreCase));
        clock.Advance(TimeSpan.FromMinutes(1));
        await sweep.SweepAsync(default);
        Assert.Equal(1, await db.Throttles.CountAsync(TestContext.Current.CancellationToken));
    }

    private Task<bool> TakeAsync() => Throttles.TryTakeAsync("what", 2, TimeSpan.FromMinutes(1), default);

    private Task<TimeSpan> TryAsync() => Throttles.TryAsync("who", Growing, default);
}
