using System.Net.WebSockets;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Compute;

/// <summary>One browser on one console: a socket to the web on one side, the engine's stream on the other.</summary>
internal sealed class ConsoleSession(ConsoleTicket ticket, IComputeEngine engine, CancellationToken stopping) : IAsyncDisposable
{
    private const int BufferSize = 16 * 1024;

    /// <summary>
    /// How much of the log is sent: on its own page, and ahead of a text console, so that it does not begin with an empty screen.
    /// </summary>
    private const int LogBytes = 256 * 1024;
    private const int BacklogBytes = 4 * 1024;

    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Guid TicketId => ticket.Id;

    public (string, ConsoleKind) Key => (ticket.InstanceId, ticket.Kind);

    public async Task RunAsync()
    {
        socket.Options.SetRequestHeader("Authorization", $"Bearer {Convert.ToBase64String(ticket.WorkerSecret!)}");
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(15);
        await socket.ConnectAsync(Address(ticket.RelayUrl!, ticket.Id), over.Token);
        try
        {
            await (ticket.Kind is ConsoleKind.Log ? SendLogAsync() : JoinAsync());
            await SocketPair.CloseAsync(
                socket,
                WebSocketCloseStatus.NormalClosure,
                ticket.Kind is ConsoleKind.Log ? null : "The console has ended."
            );
        }
        catch (EngineException error)
        {
            await SocketPair.CloseAsync(socket, WebSocketCloseStatus.InternalServerError, Sentence(error));
        }
    }

    /// <summary>Ends it for a reason that the browser is told, and returns when the engine's stream is free again.</summary>
    public async Task EndAsync(string reason)
    {
        try
        {
            await SocketPair.SayAsync(socket, WebSocketCloseStatus.NormalClosure, reason);
            over.CancelAfter(SocketPair.Farewell);
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }

        await finished.Task;
    }

    public ValueTask DisposeAsync()
    {
        finished.TrySetResult();
        socket.Dispose();
        over.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Uri Address(string relay, Guid id)
    {
        var address = new UriBuilder(new Uri(new Uri(relay), $"/console/worker/{id}"));
        address.Scheme = address.Scheme is "https" ? "wss" : "ws";
        return address.Uri;
    }

    private static string Sentence(EngineException error) =>
        error.Fault switch
        {
            EngineFault.Missing => "The instance is not running.",
            EngineFault.Unavailable => "This region is temporarily unavailable. Try again.",
            _ => "The engine refuses to open this console.",
        };

    private async Task SendLogAsync() => await SendAsync(await engine.ReadSerialLogAsync(ticket.InstanceId, LogBytes, over.Token));

    private async Task SendAsync(string text) =>
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Binary, endOfMessage: true, over.Token);

    /// <summary>A terminal goes back to the line's beginning only when told to.</summary>
    private static string Terminal(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);

    private async Task JoinAsync()
    {
        await using var console = await engine.OpenConsoleAsync(ticket.InstanceId, ticket.Kind, over.Token);
        if (ticket.Kind is ConsoleKind.Text)
        {
            await SendAsync(Terminal(await engine.ReadSerialLogAsync(ticket.InstanceId, BacklogBytes, over.Token)));
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
        Task[] ways = [ToBrowserAsync(console, either.Token), FromBrowserAsync(console, either.Token)];
        var first = await Task.WhenAny(ways);
        if (first == ways[0])
        {
            await SocketPair.SayAsync(socket, WebSocketCloseStatus.NormalClosure, "The console has ended.");
            either.CancelAfter(SocketPair.Farewell);
        }
        else
        {
            await either.CancelAsync();
        }

        await Task.WhenAll(ways);
    }

    private async Task ToBrowserAsync(Stream console, CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await console.ReadAsync(buffer, ct) is var count and > 0)
            {
                await socket.SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, endOfMessage: true, ct);
            }
        }
        catch (Exception error) when (SocketPair.IsGone(error))
        {
            // One of both is gone: the session is over.
        }
    }

    private async Task FromBrowserAsync(Stream console, CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), ct) is { MessageType: not WebSocketMessageType.Close } received)
            {
                // After the farewell what is still typed is dropped.
                if (socket.State is WebSocketState.Open)
                {
                    await console.WriteAsync(buffer.AsMemory(0, received.Count), ct);
                    await console.FlushAsync(ct);
                }
            }
        }
        catch (Exception error) when (SocketPair.IsGone(error))
        {
            // One of both is gone: the session is over.
        }
    }
}
