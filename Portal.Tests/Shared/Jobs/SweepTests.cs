using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Worker.Shared;

namespace Portal.Tests.Shared;

public sealed class SweepTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new();

    [Fact]
    public async Task A_round_that_fails_is_followed_by_another()
    {
        using var sweep = new Counting(clock, (_, _) => throw new InvalidOperationException("once more"));
        await sweep.StartAsync(Ct);
        await Until.TrueAsync(() => sweep.Rounds == 1);
        clock.Advance(Counting.Interval);
        await Until.TrueAsync(() => sweep.Rounds == 2);
        await sweep.StopAsync(Ct);
    }

    [Fact]
    public async Task Being_stopped_in_the_middle_of_a_round_is_no_failure()
    {
        using var sweep = new Counting(clock, (_, ct) => Task.Delay(Timeout.InfiniteTimeSpan, ct));
        await sweep.StartAsync(Ct);
        await Until.TrueAsync(() => sweep.Rounds == 1);
        await sweep.StopAsync(Ct);
        Assert.True(sweep.ExecuteTask!.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Time_that_passes_during_a_round_is_made_up_for_by_one_round_and_never_beside_it()
    {
        var going = new TaskCompletionSource();
        using var sweep = new Counting(clock, (round, _) => round == 1 ? going.Task : Task.CompletedTask);
        await sweep.StartAsync(Ct);
        await Until.TrueAsync(() => sweep.Rounds == 1);
        clock.Advance(10 * Counting.Interval);
        Assert.Equal(1, sweep.Rounds);
        going.SetResult();
        await Until.TrueAsync(() => sweep.Rounds == 2);
        clock.Advance(Counting.Interval);
        await Until.TrueAsync(() => sweep.Rounds == 3);
        await sweep.StopAsync(Ct);
    }

    private sealed class Counting(TimeProvider clock, Func<int, CancellationToken, Task> round)
        : Sweep(Interval, clock, NullLogger.Instance)
    {
        public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

        private int rounds;

        public int Rounds => Volatile.Read(ref rounds);

        public override Task SweepAsync(CancellationToken ct) => round(Interlocked.Increment(ref rounds), ct);
    }
}
