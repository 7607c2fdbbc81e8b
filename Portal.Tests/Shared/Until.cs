using System.Diagnostics;

namespace Portal.Tests.Shared;

/// <summary>Waits for something to come true; a test never waits for a time.</summary>
public static class Until
{
    /// <param name="limit">20 s unless told.</param>
    /// <param name="otherwise">What there is instead, if it does not come true.</param>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? limit = null, Func<string>? otherwise = null)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            Assert.True(watch.Elapsed < (limit ?? TimeSpan.FromSeconds(20)), otherwise?.Invoke() ?? "It did not come true in time.");
            await timer.WaitForNextTickAsync();
        }
    }

    public static Task TrueAsync(Func<bool> condition, TimeSpan? limit = null, Func<string>? otherwise = null) =>
        TrueAsync(() => Task.FromResult(condition()), limit, otherwise);
}
