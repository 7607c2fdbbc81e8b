using System.Collections.Concurrent;

namespace Portal.Worker.Billing;

/// <summary>
/// When a card check that Stripe did not answer is tried again: in seconds, since somebody waits for it, and then more and more rarely. In
/// memory: a worker that starts anew begins with seconds again.
/// </summary>
public sealed class CardRetries
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2),
        Longest = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<Guid, TimeSpan> waits = [];

    /// <summary>How long to wait after one more failure.</summary>
    public TimeSpan Next(Guid setupId) => waits.AddOrUpdate(setupId, First, (_, last) => last * 2 < Longest ? last * 2 : Longest);

    /// <summary>Stripe answered.</summary>
    public void Forget(Guid setupId) => waits.TryRemove(setupId, out _);
}
