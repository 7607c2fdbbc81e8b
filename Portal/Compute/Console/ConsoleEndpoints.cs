using System.Globalization;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Portal.Accounts;
using Portal.Model.Shared;

namespace Portal.Compute;

/// <summary>
/// The two sockets of a console: the browser's, opened with a ticket, and the worker's, which dials in when the ticket has been used.
/// Bytes go from one to the other; when one ends, so does the other.
/// </summary>
public sealed class ConsoleEndpoints(
    ConsoleTickets tickets,
    ConsoleRelay relay,
    SessionWatch sessions,
    IServer server,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    TimeProvider clock
)
{
    public const string Protocol = "portal-console";

    /// <summary>How long a browser waits for the region's worker.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public async Task BrowserAsync(HttpContext http, Guid id)
    {
        if (!http.WebSockets.IsWebSocketRequest || http.WebSockets.WebSocketRequestedProtocols is not [Protocol, var secret])
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var visit = relay.Expect(id);
        var actor = CurrentActor.Of(http.User, http.Connection.RemoteIpAddress);
        if (!await tickets.UseAsync(actor, id, secret, visit.Secret, RelayUrl, http.RequestAborted))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var browser = await http.WebSockets.AcceptWebSocketAsync(Protocol);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        // A socket outlives the sign-in that opened it: a revoked session closes it.
        using var watching = await sessions.WatchAsync(
            http.User,
            async () =>
            {
                if (browser.State is WebSocketState.Open)
                {
                    await SocketPair.SayAsync(browser, WebSocketCloseStatus.PolicyViolation, "You have been signed out.");
                    await ended.CancelAsync();
                }
            }
        );
        await JoinAsync(browser, visit, ended);
    }

    public async Task WorkerAsync(HttpContext http, Guid id)
    {
        var secret = new byte[32];
        var sent = http.Request.Headers.Authorization.ToString();
        if (
            !http.WebSockets.IsWebSocketRequest
            || !sent.StartsWith("Bearer ", StringComparison.Ordinal)
            || !Convert.TryFromBase64String(sent["Bearer ".Length..], secret, out var length)
            || relay.Take(id, secret.AsSpan(0, length)) is not { } visit
        )
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var worker = await http.WebSockets.AcceptWebSocketAsync();
        await visit.ServeAsync(worker);
    }

    /// <summary>This process's own address for workers. With several web processes each one needs its own, never the balancer's.</summary>
    private string RelayUrl =>
        configuration["Portal:InternalUrl"]
        ?? OwnAddress(
            server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
                ?? throw new InvalidOperationException("Portal:InternalUrl is not set, and the server has no address of its own.")
        );

    /// <summary>Who listens at every address is reached by the machine's name.</summary>
    private static string OwnAddress(string listening)
    {
        var address = BindingAddress.Parse(listening);
        return address.Host is "+" or "*" or "0.0.0.0" or "[::]"
            ? $"{address.Scheme}://{Environment.MachineName}:{address.Port.ToString(CultureInfo.InvariantCulture)}"
            : listening;
    }

    private async Task JoinAsync(WebSocket browser, ConsoleRelay.Visit visit, CancellationTokenSource ended)
    {
        try
        {
            var worker = await visit.Arrived.WaitAsync(Patience, clock, ended.Token);
            await SocketPair.JoinAsync(browser, worker, ended.Token);
        }
        catch (TimeoutException)
        {
            await SocketPair.CloseAsync(
                browser,
                WebSocketCloseStatus.EndpointUnavailable,
                "The instance's region does not answer at the moment. Try again."
            );
        }
        catch (OperationCanceledException)
        {
            await SocketPair.CloseAsync(browser, WebSocketCloseStatus.EndpointUnavailable, "The console was closed.");
        }
    }
}
