using System.Net;
using System.Net.Sockets;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// Fetches from an address that somebody typed. It may lead, by its name or by a redirect, to what only this machine can reach; so each
/// name is resolved once, what it stands for is looked at, and the connection goes to exactly that. On a laptop everything is its own.
/// </summary>
public sealed class TypedAddresses : IDisposable
{
    public const int MostRedirects = 5;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10),
        AnswerPatience = TimeSpan.FromSeconds(30);

    private readonly bool isLaptop;
    private readonly HttpClient http;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;

    /// <param name="isLaptop">Then any address will do, and http as well as https.</param>
    /// <param name="resolve">Instead of asking the system what a name stands for.</param>
    public TypedAddresses(bool isLaptop, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        (this.isLaptop, this.resolve) = (isLaptop, resolve ?? Dns.GetHostAddressesAsync);
        http = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                ConnectTimeout = ConnectPatience,
                ConnectCallback = ConnectAsync,
                PooledConnectionLifetime = TimeSpan.Zero,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The answer's head, whose body is still to be read; rejected if the address leads where it must not.</summary>
    public async Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken ct)
    {
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            if (WhyNot(address) is { } reason)
            {
                throw new EngineException(EngineFault.Rejected, reason);
            }

            var answer = await AskAsync(address, ct);
            if ((int)answer.StatusCode is not (>= 301 and <= 303 or 307 or 308) || answer.Headers.Location is not { } next)
            {
                return answer;
            }

            answer.Dispose();
            address = new Uri(address, next);
        }

        throw new EngineException(EngineFault.Rejected, $"It leads on more than {MostRedirects} times.");
    }

    public void Dispose() => http.Dispose();

    private string? WhyNot(Uri address) =>
        address.Scheme == Uri.UriSchemeHttps || (isLaptop && address.Scheme == Uri.UriSchemeHttp)
            ? null
            : $"It leads to an address that does not begin with https://{(isLaptop ? " or http://" : "")}.";

    private async Task<HttpResponseMessage> AskAsync(Uri address, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerPatience);
        try
        {
            return await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (HttpRequestException error) when (error.InnerException is EngineException refused)
        {
            throw new EngineException(refused.Fault, refused.Message, error);
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new EngineException(EngineFault.Unavailable, $"{address.Host} does not answer.", error);
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var host = context.DnsEndPoint.Host;
        var found = IpText.TryAddress(host.Trim('[', ']'), out var written) ? [written] : await resolve(host, ct);
        if (found.Where(address => isLaptop || Internet.Has(address)).ToArray() is not { Length: > 0 } allowed)
        {
            throw new EngineException(
                EngineFault.Rejected,
                $"{host} is not on the Internet: it is an address of this machine, of a private network, or one for a special purpose."
            );
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
