using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SmtpServer;
using SmtpServer.Net;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Portal.Sandbox.Mail;

/// <summary>Listens on 127.0.0.1 for mail and puts all of it into the <see cref="Inbox"/>; nothing is ever sent on.</summary>
public sealed class MailServer(IOptions<SandboxSettings> settings, Inbox inbox) : IHostedService, IDisposable
{
    private const int LargestMessage = 10 * 1024 * 1024;

    private readonly CancellationTokenSource stopping = new();
    private Task serving = Task.CompletedTask;

    /// <summary>The port, once started.</summary>
    public int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = new SmtpServerOptionsBuilder()
            .ServerName("sandbox")
            .MaxMessageSize(LargestMessage, MaxMessageSizeHandling.Strict)
            .Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, settings.Value.SmtpPort)))
            .Build();
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var listeners = new EndpointListenerFactory();
        listeners.EndpointStarted += (_, started) => listening.TrySetResult(((IPEndPoint)started.LocalEndPoint).Port);
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add(listeners);
        services.Add(new InboxStore(inbox));
        services.Add(new Commands());
        try
        {
            serving = new SmtpServer.SmtpServer(options, services).StartAsync(stopping.Token);
            await await Task.WhenAny(serving, listening.Task);
            Port = await listening.Task;
        }
        catch (SocketException error)
        {
            throw new InvalidOperationException(
                $"The sandbox's mail server cannot listen on 127.0.0.1:{settings.Value.SmtpPort}: {error.Message}. Set Sandbox__SmtpPort to a free port.",
                error
            );
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stopping.Dispose();

    private sealed class InboxStore(Inbox inbox) : MessageStore
    {
        public override Task<SmtpResponse> SaveAsync(
            ISessionContext context,
            IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer,
            CancellationToken cancellationToken
        )
        {
            using var message = new MemoryStream(buffer.ToArray(), writable: false);
            try
            {
                var id = inbox.Receive(message, [.. transaction.To.Select(mailbox => $"{mailbox.User}@{mailbox.Host}")]).Id;
                return Task.FromResult(new SmtpResponse(SmtpReplyCode.Ok, $"2.0.0 Message {id} is in the inbox"));
            }
            catch (FormatException)
            {
                return Task.FromResult(new SmtpResponse(SmtpReplyCode.TransactionFailed, "5.6.0 That is not a message"));
            }
        }
    }

    private sealed class Commands : SmtpCommandFactory
    {
        public override SmtpCommand CreateEhlo(string domainOrAddress) => new Ehlo(domainOrAddress);
    }

    /// <summary>
    /// The package announces SMTPUTF8 and reads commands as ASCII: without the announcement clients send domains in ASCII.
    /// </summary>
    private sealed class Ehlo(string domainOrAddress) : EhloCommand(domainOrAddress)
    {
        protected override IEnumerable<string> GetExtensions(ISessionContext context) =>
            base.GetExtensions(context).Where(extension => extension is not "SMTPUTF8");
    }
}
