using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Portal.Tests.Compute;

namespace Portal.Tests.Buckets;

/// <summary>What becomes of a request on its way to the gateway.</summary>
public enum Interference
{
    None,

    /// <summary>No answer ever comes; it ends when whoever asked gives up.</summary>
    Hang,

    /// <summary>The connection breaks.</summary>
    HangUp,

    /// <summary>503, as from a proxy whose gateway is down.</summary>
    Busy,

    /// <summary>403, as from a firewall in between.</summary>
    Forbidden,

    /// <summary>507, as from a gateway that knows that there is no room.</summary>
    NoRoom,

    /// <summary>500 and the words that RADOS Gateway has for ENOSPC.</summary>
    UnknownError,
}

/// <summary>
/// Stands before the real gateway, or another server, and leaves the host as it was signed, as a proxy of an operator does. A test may
/// interfere with each request before it is passed on, and after it had its effect but before it is answered.
/// </summary>
public sealed class GatewayProxy : IAsyncDisposable
{
    private static readonly HashSet<string> NotPassedOn = new(
        ["Host", "Connection", "Expect", "Transfer-Encoding", "Keep-Alive"],
        StringComparer.OrdinalIgnoreCase
    );

    private readonly WebApplication app;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        Timeout = TimeSpan.FromMinutes(2),
    };
    private readonly string gateway;

    private GatewayProxy(WebApplication app, string gateway) => (this.app, this.gateway) = (app, gateway);

    public string Endpoint => app.Urls.Single();

    /// <summary>Asked twice for each request that is passed on.</summary>
    public Func<HttpRequest, FaultPoint, Task<Interference>> Interfere { get; set; } = (_, _) => Task.FromResult(Interference.None);

    /// <summary>The same for all requests that are like this one, until the next call.</summary>
    public void Always(Interference what, Func<HttpRequest, bool> like) =>
        Interfere = (request, at) => Task.FromResult(at is FaultPoint.Before && like(request) ? what : Interference.None);

    /// <summary>
    /// When such a request comes for the first time, <paramref name="kill"/> is run and nothing is answered any more. Whoever made it is
    /// dead by the time at which what is returned completes.
    /// </summary>
    public Task KillAtFirst(Func<HttpRequest, bool> like, FaultPoint point, Func<Task> kill)
    {
        var (killed, once) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        Interfere = async (request, at) =>
        {
            if (at == point && like(request) && Interlocked.Exchange(ref once, 1) == 0)
            {
                await kill();
                killed.SetResult();
            }

            return once == 0 ? Interference.None : Interference.HangUp;
        };
        return killed.Task;
    }

    public static async Task<GatewayProxy> StartAsync(string gateway)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var proxy = new GatewayProxy(app, gateway);
        app.Run(proxy.PassOnAsync);
        await app.StartAsync();
        return proxy;
    }

    public static bool IsAdmin(HttpRequest request) => request.Path.StartsWithSegments("/admin", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task PassOnAsync(HttpContext context)
    {
        try
        {
            if (await StopsAsync(context, await Interfere(context.Request, FaultPoint.Before)))
            {
                return;
            }

            using var request = RequestOf(context);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            if (!await StopsAsync(context, await Interfere(context.Request, FaultPoint.After)))
            {
                await AnswerAsync(context, answer);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    private static async Task<bool> StopsAsync(HttpContext context, Interference what)
    {
        switch (what)
        {
            case Interference.Hang:
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case Interference.HangUp:
                context.Abort();
                break;
            case Interference.Busy:
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                break;
            case Interference.Forbidden:
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                break;
            case Interference.NoRoom:
                context.Response.StatusCode = StatusCodes.Status507InsufficientStorage;
                break;
            case Interference.UnknownError:
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                context.Response.ContentType = "application/xml";
                await context.Response.WriteAsync(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>UnknownError</Code></Error>",
                    context.RequestAborted
                );
                break;
        }

        return what is not Interference.None;
    }

    private HttpRequestMessage RequestOf(HttpContext context)
    {
        var asked = context.Request;
        var request = new HttpRequestMessage(
            new HttpMethod(asked.Method),
            gateway + context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget
        );
        request.Headers.Host = asked.Host.Value;
        if (asked.ContentLength is not null || asked.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(asked.Body);
        }

        foreach (var (name, values) in asked.Headers.Where(header => !NotPassedOn.Contains(header.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return request;
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage answer)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => !NotPassedOn.Contains(header.Key)))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        if (
            answer.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified)
            && !HttpMethods.IsHead(context.Request.Method)
        )
        {
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
