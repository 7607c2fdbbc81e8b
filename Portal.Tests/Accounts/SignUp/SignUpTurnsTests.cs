using Portal.Accounts;

namespace Portal.Tests.Accounts;

public sealed class SignUpTurnsTests : IDisposable
{
    private readonly SignUpTurns turns = new();
    private readonly TaskCompletionSource<string> held = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => turns.Dispose();

    [Fact]
    public async Task A_network_that_asks_for_hundreds_makes_only_itself_wait()
    {
        var many = Enumerable.Range(0, 110).Select(_ => turns.RunAsync("a network", () => held.Task, Ct)).ToList();
        Assert.Equal("done", await turns.RunAsync("another", () => Task.FromResult("done"), Ct));

        // Two are being served and a hundred wait; nobody waits behind those.
        Assert.Equal(8, many.Count(one => one.IsCompleted));
        held.SetResult("held");
        Assert.Equal(102, (await Task.WhenAll(many)).Count(answer => answer is "held"));
    }

    [Fact]
    public async Task Whoever_waits_elsewhere_holds_no_turn()
    {
        var served = 0;
        var networks = Enumerable.Range(0, 40).Select(number => turns.RunAsync($"{number}", ServeAsync, Ct)).ToList();
        Assert.Equal(8, served);
        held.SetResult("held");
        await Task.WhenAll(networks);
        Assert.Equal(40, served);

        Task<string> ServeAsync()
        {
            Interlocked.Increment(ref served);
            return held.Task;
        }
    }
}
