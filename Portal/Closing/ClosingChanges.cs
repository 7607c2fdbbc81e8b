using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Shared;

namespace Portal.Closing;

/// <summary>
/// Tells the page of an account that closes when to look again. Circuits are for signed-in people only, so it is a stream of events, for
/// whoever has the ticket.
/// </summary>
internal static class ClosingChanges
{
    /// <summary>
    /// Of one account at a time, in this process: the page of a few people in a few tabs. Each is a listener that every change asks.
    /// </summary>
    public const int Most = 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, int> Open = new(StringComparer.Ordinal);

    public static IResult Run(
        string ticket,
        HttpContext http,
        ClosingTickets tickets,
        LiveUpdates live,
        IHostApplicationLifetime lifetime,
        CancellationToken ct
    )
    {
        if (tickets.AccountOf(ticket) is not { } id)
        {
            return Results.NotFound();
        }

        if (!TryBegin(id))
        {
            return Results.StatusCode(StatusCodes.Status429TooManyRequests);
        }

        http.Response.OnCompleted(() =>
        {
            End(id);
            return Task.CompletedTask;
        });
        return TypedResults.ServerSentEvents(ListenAsync(live, id, lifetime.ApplicationStopping, ct));
    }

    private static bool TryBegin(string accountId)
    {
        lock (Gate)
        {
            var open = Open.GetValueOrDefault(accountId);
            Open[accountId] = Math.Min(open + 1, Most);
            return open < Most;
        }
    }

    private static void End(string accountId)
    {
        lock (Gate)
        {
            if (--Open[accountId] == 0)
            {
                Open.Remove(accountId);
            }
        }
    }

    private static async IAsyncEnumerable<string> ListenAsync(
        LiveUpdates live,
        string accountId,
        CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken left
    )
    {
        // A host that stops would wait for the stream; the page comes back to the next one by itself.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(left, stopping);
        var bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        // Once at the beginning: something may have happened since the page was rendered, or since the connection broke.
        bell.Writer.TryWrite(true);
        using var listening = live.Subscribe(
            seen => seen.AccountId == accountId || (seen.Table == "Accounts" && seen.Id == accountId),
            () =>
            {
                bell.Writer.TryWrite(true);
                return Task.CompletedTask;
            }
        );
        await foreach (var _ in bell.Reader.ReadAllAsync(ended.Token))
        {
            yield return "changed";
        }
    }
}
