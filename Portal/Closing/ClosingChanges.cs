using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Shared;

namespace Portal.Closing;

/// <summary>Tells the page of an account that closes when to look again. Circuits are for signed-in people only, so it is a stream of events, for whoever has the ticket.</summary>
internal static class ClosingChanges
{
    public static IResult Run(string ticket, ClosingTickets tickets, LiveUpdates live, IHostApplicationLifetime lifetime, CancellationToken ct) =>
        tickets.AccountOf(ticket) is { } id ? TypedResults.ServerSentEvents(ListenAsync(live, id, lifetime.ApplicationStopping, ct)) : Results.NotFound();

    private static async IAsyncEnumerable<string> ListenAsync(LiveUpdates live, string accountId, CancellationToken stopping, [EnumeratorCancellation] CancellationToken left)
    {
        // A host that stops would wait for the stream; the page comes back to the next one by itself.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(left, stopping);
        var bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        // Once at the beginning: something may have happened since the page was rendered, or since the connection broke.
        bell.Writer.TryWrite(true);
        using var listening = live.Subscribe(seen => seen.AccountId == accountId || (seen.Table == "Accounts" && seen.Id == accountId), () =>
        {
            bell.Writer.TryWrite(true);
            return Task.CompletedTask;
        });
        await foreach (var _ in bell.Reader.ReadAllAsync(ended.Token))
        {
            yield return "changed";
        }
    }
}
