namespace Portal.Tests.Releases;

/// <summary>Another day, on which time goes on as ever: whoever waits does not wait for the test.</summary>
internal sealed class MovedClock(DateTimeOffset start) : TimeProvider
{
    // Whole steps of an authenticator's codes, so that both clocks change to the next one at the same moment.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    private long steps = (start - System.GetUtcNow()).Ticks / Step.Ticks;

    /// <summary>How many codes it is ahead of the clock on the wall.</summary>
    public int Steps => (int)Interlocked.Read(ref steps);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + (Step * Interlocked.Read(ref steps));

    public void Advance(TimeSpan by) => Interlocked.Add(ref steps, by.Ticks / Step.Ticks);
}
