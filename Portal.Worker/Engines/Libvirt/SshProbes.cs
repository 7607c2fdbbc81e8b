using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Asks guests' port 22 for its banner, from inside their network's router. A slow guest may take seconds to greet, and an sshd to which
/// new connections are made meanwhile soon refuses all (MaxStartups): so each guest has at most one question open, and who looks again
/// before it is answered waits a moment for the answer to that one.
/// </summary>
internal sealed class SshProbes(TimeProvider clock)
{
    private const int SolSocket = 1;

    private const int SoMark = 36;

    private const int Port = 22;

    /// <summary>How long a look at a machine waits for an answer. A guest that is up and idle needs a few milliseconds.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(40);

    /// <summary>Shorter than the second after which the kernel would ask again: a guest that has just come up is found by the next question.</summary>
    private static readonly TimeSpan ToConnect = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ToGreet = TimeSpan.FromSeconds(20);

    /// <summary>An answer that nobody asked for in this time speaks of a boot that may be over.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Lazy<Task<Answer>>> open = new(StringComparer.Ordinal);

    public async Task<bool> AnswersAsync(string instanceId, string router, IPAddress address, CancellationToken ct)
    {
        var question = open.GetOrAdd(instanceId, _ => new Lazy<Task<Answer>>(() => AskAsync(router, address)));
        if (question.Value.IsCompleted && (await question.Value).At < clock.GetUtcNow() - Fresh)
        {
            open.TryRemove(KeyValuePair.Create(instanceId, question));
            question = open.GetOrAdd(instanceId, _ => new Lazy<Task<Answer>>(() => AskAsync(router, address)));
        }

        try
        {
            var answer = await question.Value.WaitAsync(Moment, clock, ct);
            open.TryRemove(KeyValuePair.Create(instanceId, question));
            return answer.Greeted;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>The guest is started or removed: what it is still being asked is of no interest any more.</summary>
    public void Forget(string instanceId) => open.TryRemove(instanceId, out _);

    private async Task<Answer> AskAsync(string router, IPAddress address)
    {
        try
        {
            using var socket = await NetworkNamespace.SocketAsync(router);
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(NetworkRules.ProbeMark));
            using var patience = new CancellationTokenSource(ToConnect, clock);
            await socket.ConnectAsync(new IPEndPoint(address, Port), patience.Token);
            return new Answer(await GreetsAsync(socket), clock.GetUtcNow());
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return new Answer(Greeted: false, clock.GetUtcNow());
        }
    }

    private async Task<bool> GreetsAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(ToGreet, clock);
        var banner = new byte[4];
        for (var got = 0; got < banner.Length;)
        {
            var count = await socket.ReceiveAsync(banner.AsMemory(got), patience.Token);
            if (count == 0)
            {
                return false;
            }

            got += count;
        }

        return banner.AsSpan().SequenceEqual("SSH-"u8);
    }

    private sealed record Answer(bool Greeted, DateTimeOffset At);
}
