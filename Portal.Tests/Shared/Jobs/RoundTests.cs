using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Tests.Shared;

public sealed class RoundTests
{
    private readonly List<string> done = [];

    [Fact]
    public async Task One_that_fails_leaves_the_others_their_turn_and_is_told_of_at_the_end()
    {
        var round = new Round();
        await round.EachAsync(["a", "bad", "c"], Doing(new InvalidOperationException("broken")));
        await round.EachAsync(["d"], Doing(new InvalidOperationException("broken")));
        Assert.Equal(["a", "c", "d"], done);
        Assert.Equal("bad: broken", Assert.Single(Assert.Throws<AggregateException>(round.End).InnerExceptions).Message);
    }

    [Fact]
    public async Task What_an_engine_is_not_able_to_do_for_one_ends_the_round_only_when_the_engine_is_away()
    {
        var refused = new EngineException(EngineFault.Unavailable, "not this one");
        await new Round(_ => Task.CompletedTask).EachAsync(["bad", "b"], Doing(refused));
        Assert.Equal(["b"], done);
        var away = await Assert.ThrowsAsync<EngineException>(() =>
            new Round(_ => throw new EngineException(EngineFault.Unavailable, "away")).EachAsync(["bad", "c"], Doing(refused))
        );
        Assert.Equal(("away", "b"), (away.Message, Assert.Single(done)));
    }

    [Fact]
    public async Task What_would_fail_for_all_the_others_too_ends_the_round()
    {
        await Assert.ThrowsAsync<TimeoutException>(() =>
            new Round(isOver: error => error is TimeoutException).EachAsync(["bad", "b"], Doing(new TimeoutException()))
        );
        Assert.Empty(done);
    }

    [Fact]
    public async Task A_worker_that_stops_ends_the_round()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Round().EachAsync(
                ["a", "b"],
                one => one,
                async (_, token) =>
                {
                    await stop.CancelAsync();
                    token.ThrowIfCancellationRequested();
                },
                stop.Token
            )
        );
    }

    private Func<string, Task> Doing(Exception failure) =>
        one =>
        {
            if (one == "bad")
            {
                throw failure;
            }

            done.Add(one);
            return Task.CompletedTask;
        };
}

file static class Rounds
{
    public static Task EachAsync(this Round round, string[] all, Func<string, Task> work) =>
        round.EachAsync(all, one => one, (one, _) => work(one), TestContext.Current.CancellationToken);
}
