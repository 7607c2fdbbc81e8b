using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Portal.Compute;

/// <summary>
/// Where this process's browsers wait for their workers to dial in. In memory: the ticket names this process's own address.
/// </summary>
public sealed class ConsoleRelay
{
    private readonly ConcurrentDictionary<Guid, Visit> expected = new();

    /// <summary>Begins to expect a worker; ends when disposed.</summary>
    public Visit Expect(Guid ticket)
    {
        var visit = new Visit(ticket, this);
        expected[ticket] = visit;
        return visit;
    }

    /// <summary>The visit that a worker's secret belongs to, once; null for everybody else.</summary>
    public Visit? Take(Guid ticket, ReadOnlySpan<byte> secret) =>
        expected.TryGetValue(ticket, out var visit)
        && CryptographicOperations.FixedTimeEquals(visit.Secret, secret)
        && expected.TryRemove(ticket, out _)
            ? visit
            : null;

    public sealed class Visit(Guid ticket, ConsoleRelay relay) : IDisposable
    {
        private readonly TaskCompletionSource<WebSocket> arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

        /// <summary>The worker's socket, when it has come.</summary>
        public Task<WebSocket> Arrived => arrived.Task;

        /// <summary>Hands the worker's socket over and waits until it is no longer used.</summary>
        public Task ServeAsync(WebSocket worker)
        {
            arrived.TrySetResult(worker);
            return over.Task;
        }

        public void Dispose()
        {
            relay.expected.TryRemove(ticket, out _);
            over.TrySetResult();
        }
    }
}
