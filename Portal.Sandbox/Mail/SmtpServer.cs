using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Portal.Sandbox.Mail;

/// <summary>Listens on 127.0.0.1 for mail and puts all of it into the <see cref="Inbox"/>; nothing is ever sent on.</summary>
public sealed partial class SmtpServer(IOptions<SandboxSettings> settings, Inbox inbox, ILogger<SmtpServer> log)
    : IHostedService,
        IDisposable
{
    private const int MostSessions = 50;

    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim free = new(MostSessions);
    private readonly TcpListener listener = new(IPAddress.Loopback, settings.Value.SmtpPort);
    private Task accepting = Task.CompletedTask;

    /// <summary>The port, once started.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            listener.Start();
        }
        catch (SocketException error)
        {
            throw new InvalidOperationException(
                $"The sandbox's mail server cannot listen on 127.0.0.1:{settings.Value.SmtpPort}: {error.Message}. Set Sandbox__SmtpPort to a free port.",
                error
            );
        }

        accepting = AcceptAsync(stopping.Token);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        stopping.Dispose();
        listener.Dispose();
        free.Dispose();
    }

    private async Task AcceptAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await free.WaitAsync(ct);
            var client = await listener.AcceptTcpClientAsync(ct);
            _ = ServeAsync(client, ct);
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                await new SmtpSession(stream, inbox).RunAsync(ct);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or InvalidDataException)
            {
                LogEnded(log, error.Message);
            }
            finally
            {
                if (!ct.IsCancellationRequested)
                {
                    free.Release();
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A mail session ended early: {Reason}")]
    private static partial void LogEnded(ILogger log, string reason);
}
