using System.Threading.RateLimiting;

namespace Portal.Accounts;

/// <summary>
/// How many sign up at one moment in this process. Each holds one connection to the database while it asks for another, to count a guess or
/// to note an event: as many as the pool has would hold them all and wait for each other, and the whole web with them. Whoever waits here
/// holds none. One network has a quarter of the turns at most, so that one that asks for hundreds makes only itself wait.
/// </summary>
public sealed class SignUpTurns : IDisposable
{
    private const int AtOnce = 8,
        OfANetwork = 2;

    /// <summary>
    /// More than a network may ask for in a minute (the limit of requests): beyond it something is wrong, and is refused.
    /// </summary>
    private const int Waiting = 100;

    private readonly SemaphoreSlim turns = new(AtOnce);

    private readonly PartitionedRateLimiter<string> networks = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetConcurrencyLimiter(
            network,
            _ => new ConcurrencyLimiterOptions
            {
                PermitLimit = OfANetwork,
                QueueLimit = Waiting,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            }
        )
    );

    /// <returns>Null if too many of that network wait already.</returns>
    public async Task<T?> RunAsync<T>(string network, Func<Task<T>> work, CancellationToken ct)
        where T : class
    {
        using var own = await networks.AcquireAsync(network, cancellationToken: ct);
        if (!own.IsAcquired)
        {
            return null;
        }

        await turns.WaitAsync(ct);
        try
        {
            return await work();
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose()
    {
        turns.Dispose();
        networks.Dispose();
    }
}
