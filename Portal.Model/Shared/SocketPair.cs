using System.Net.WebSockets;

namespace Portal.Model.Shared;

/// <summary>
/// Two sockets whose bytes go over to each other, through one small buffer each way: who reads slowly slows the other side down.
/// </summary>
public static class SocketPair
{
    /// <summary>How long a side that was told that it is over may take to say goodbye. Cut off at once it might never read why.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private const int BufferSize = 16 * 1024;

    /// <summary>
    /// Returns when either has ended, or when <paramref name="ct"/> says so; both are closed then, with the reason that the first gave.
    /// </summary>
    public static async Task JoinAsync(WebSocket one, WebSocket other, CancellationToken ct)
    {
        using var cut = new CancellationTokenSource();
        Task[] ways = [CopyAsync(one, other, cut.Token), CopyAsync(other, one, cut.Token)];
        var told = new TaskCompletionSource();
        await using (ct.Register(told.SetResult))
        {
            var first = await Task.WhenAny([.. ways, told.Task]);
            var ended =
                first == ways[0] ? one
                : first == ways[1] ? other
                : null;
            var (status, reason) = (ended?.CloseStatus ?? WebSocketCloseStatus.EndpointUnavailable, ended?.CloseStatusDescription);
            await Task.WhenAll(SayAsync(one, status, reason), SayAsync(other, status, reason));
        }

        cut.CancelAfter(Farewell);
        await Task.WhenAll(ways);
    }

    /// <summary>
    /// Says that it is over and waits a moment for the other side to say so too. Only while nobody else reads from the socket.
    /// </summary>
    public static Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string? reason) =>
        TryAsync(socket, ct => socket.CloseAsync(status, reason, ct));

    /// <summary>Says that it is over; who reads from the socket will see the other side's answer.</summary>
    public static Task SayAsync(WebSocket socket, WebSocketCloseStatus status, string? reason)
    {
        // 1005 and its like stand for "nothing was said" and may not be sent.
        var sendable = status is WebSocketCloseStatus.Empty or (WebSocketCloseStatus)1006 or (WebSocketCloseStatus)1015
            ? WebSocketCloseStatus.NormalClosure
            : status;
        return TryAsync(socket, ct => socket.CloseOutputAsync(sendable, reason, ct));
    }

    /// <summary>What a socket throws when its other end has gone, or when it has been given up.</summary>
    public static bool IsGone(Exception error) =>
        error is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException;

    private static async Task TryAsync(WebSocket socket, Func<CancellationToken, Task> close)
    {
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await close(patience.Token);
            }
        }
        catch (Exception error) when (IsGone(error))
        {
            // It is closed either way.
        }
    }

    private static async Task CopyAsync(WebSocket from, WebSocket to, CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await from.ReceiveAsync(buffer.AsMemory(), ct) is { MessageType: not WebSocketMessageType.Close } received)
            {
                // After the farewell what still comes is read and dropped, until the other side's farewell.
                if (to.State is WebSocketState.Open)
                {
                    await to.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, ct);
                }
            }
        }
        catch (Exception error) when (IsGone(error))
        {
            // That side is gone, which ends the other.
        }
    }
}
