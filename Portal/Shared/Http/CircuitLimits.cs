using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.SignalR;
using Portal.Accounts;

namespace Portal.Shared;

/// <summary>
/// How much one browser may ask of the circuits. Each holds a page's memory here, and each message is work: settings
/// <c>Circuits:PerSession</c> and <c>Circuits:PerNetwork</c> (open at once), <c>Circuits:MessagesPerSecond</c> (of one page, for long; ten
/// times as many at once, since a page that loads or is typed into sends many), and <c>Circuits:Retained</c> (of browsers that went away
/// without a word, in all).
/// </summary>
public sealed class CircuitLimits(IConfiguration configuration, TimeProvider clock)
{
    private const string Session = "session",
        Flow = "flow",
        Kept = "kept";

    /// <summary>How long who sent too much has to wait. Its pages try again by themselves.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, int> open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> paused = new(StringComparer.Ordinal);

    private int PerSession => configuration.GetValue("Circuits:PerSession", 50);

    private int PerNetwork => configuration.GetValue("Circuits:PerNetwork", 500);

    private int MessagesPerSecond => configuration.GetValue("Circuits:MessagesPerSecond", 100);

    /// <summary>Whether a page that is opened now would get no circuit.</summary>
    public bool IsFull(HttpContext http) =>
        IsPaused(SessionOf(http)) || Count(SessionOf(http)) >= PerSession || Count(NetworkOf(http)) >= PerNetwork;

    /// <summary>Counts a browser's connection; false if it is one too many.</summary>
    public bool Begin(HubCallerContext connection)
    {
        var http = connection.GetHttpContext()!;
        var (session, network) = (SessionOf(http), NetworkOf(http));
        (connection.Items[Session], connection.Items[Flow]) = (session, new Flowing(MessagesPerSecond, clock));
        if (IsPaused(session) || !TryAdd(session, PerSession))
        {
            return false;
        }

        if (!TryAdd(network, PerNetwork))
        {
            Remove(session);
            return false;
        }

        connection.Items[Kept] = network;
        return true;
    }

    public void End(HubCallerContext connection)
    {
        if (connection.Items.Remove(Kept, out var network))
        {
            Remove((string)network!);
            Remove((string)connection.Items[Session]!);
        }
    }

    /// <summary>Counts a message; false if it is one too many, and then the whole session has to wait.</summary>
    public bool Take(HubCallerContext connection)
    {
        if (((Flowing)connection.Items[Flow]!).Take())
        {
            return true;
        }

        // What is over goes with the next one who has to wait, so that it does not grow.
        foreach (var (session, until) in paused.Where(entry => clock.GetTimestamp() > entry.Value))
        {
            paused.TryRemove(KeyValuePair.Create(session, until));
        }

        paused[(string)connection.Items[Session]!] = clock.GetTimestamp() + (long)(Pause.TotalSeconds * clock.TimestampFrequency);
        return false;
    }

    private static string SessionOf(HttpContext http) =>
        http.User.FindFirstValue(AccountClaims.Session) is { } session
            ? $"s {session}"
            : $"a {Networks.Of(http.Connection.RemoteIpAddress)}";

    private static string NetworkOf(HttpContext http) => $"n {Networks.Of(http.Connection.RemoteIpAddress)}";

    private bool IsPaused(string session) => paused.TryGetValue(session, out var until) && clock.GetTimestamp() < until;

    private int Count(string whose) => open.GetValueOrDefault(whose);

    private bool TryAdd(string whose, int most)
    {
        if (open.AddOrUpdate(whose, 1, (_, count) => count + 1) <= most)
        {
            return true;
        }

        Remove(whose);
        return false;
    }

    private void Remove(string whose)
    {
        open.AddOrUpdate(whose, 0, (_, count) => count - 1);
        open.TryRemove(KeyValuePair.Create(whose, 0));
    }

    /// <summary>A bucket of tokens, filled evenly. The messages of one connection come one after another.</summary>
    private sealed class Flowing(int perSecond, TimeProvider clock)
    {
        private const int Burst = 10;

        private double tokens = (double)perSecond * Burst;
        private long filled = clock.GetTimestamp();

        public bool Take()
        {
            var now = clock.GetTimestamp();
            tokens = Math.Min((double)perSecond * Burst, tokens + (clock.GetElapsedTime(filled, now).TotalSeconds * perSecond));
            filled = now;
            return --tokens >= 0;
        }
    }
}

/// <summary>
/// Holds each connection of a browser to <see cref="CircuitLimits"/>. It waits for nothing: what waits here lets events overtake each
/// other.
/// </summary>
public sealed partial class CircuitGate(CircuitLimits limits, ILogger<CircuitGate> log) : IHubFilter
{
    private const string TooFast = "too fast";

    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        if (!limits.Begin(context.Context))
        {
            LogTooMany(log, context.Context.UserIdentifier);
            context.Context.Abort();
            return;
        }

        await next(context);
    }

    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        // Bytes that a script sends are kept until a call takes them, as many as a message may hold; no script of Portal's sends any so.
        if (invocationContext.HubMethodName is not "ReceiveByteArray" && limits.Take(invocationContext.Context))
        {
            return next(invocationContext);
        }

        if (invocationContext.Context.Items.TryAdd(TooFast, true)) // once: what has come with it is still read
        {
            LogTooFast(log, invocationContext.Context.UserIdentifier);
            invocationContext.Context.Abort();
        }

        return ValueTask.FromResult<object?>(null);
    }

    public Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next)
    {
        limits.End(context.Context);
        return next(context, exception);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "User {User} has as many pages open as one may: another got no circuit")]
    private static partial void LogTooMany(ILogger log, string? user);

    [LoggerMessage(Level = LogLevel.Warning, Message = "User {User} sent more messages than a person does: the page was disconnected")]
    private static partial void LogTooFast(ILogger log, string? user);
}

internal static class CircuitLimitsRegistration
{
    public static IServerSideBlazorBuilder AddCircuitLimits(this IServerSideBlazorBuilder circuits, IConfiguration configuration)
    {
        circuits.Services.AddSingleton<CircuitLimits>().AddSingleton<CircuitGate>();
        circuits.Services.Configure<CircuitOptions>(options =>
            options.DisconnectedCircuitMaxRetained = configuration.GetValue("Circuits:Retained", 100)
        );
        return circuits.AddHubOptions(hub => hub.AddFilter<CircuitGate>());
    }

    /// <summary>Says so with the page itself where it would get no circuit: one without would look as usual and do nothing.</summary>
    public static void UseCircuitLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<CircuitLimits>();
        app.Use(
            (http, next) =>
            {
                if (
                    HttpMethods.IsGet(http.Request.Method)
                    && http.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>() is not null
                    && http.AcceptsInteractiveRouting()
                    && limits.IsFull(http)
                )
                {
                    http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                    return Task.CompletedTask;
                }

                return next(http);
            }
        );
    }
}
