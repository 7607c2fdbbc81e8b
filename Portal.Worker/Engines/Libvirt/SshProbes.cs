using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Asks guests' port 22 for its banner, from inside their network's router. A slow guest may take seconds to greet, and an sshd to which
/// new connections are made meanwhile soon refuses all (MaxStartups): so each guest has at most one question open, which knocks until somebody
/// opens. Who looks again before it is answered waits a moment for the answer to that one.
/// </summary>
internal sealed class SshProbes(TimeProvider clock)
{
    private const int SolSocket = 1;

    private const int SoMark = 36;

    private const int Port = 22;

    /// <summary>How long a look at a machine waits for an answer: as long as the pause between two looks, so that half of the guests are found up at once.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two knocks at a guest that is up but has no ssh server yet.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Shorter than the second after which the kernel would ask again: a guest that has just come up is found by the next question.</summary>
    private static readonly TimeSpan ToConnect = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ToGreet = TimeSpan.FromSeconds(20);

    /// <summary>An answer that nobody asked for in this time speaks of a boot that may be over.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Question> open = new(StringComparer.Ordinal);

    public async Task<bool> AnswersAsync(string instanceId, string router, IPAddress address, CancellationToken ct)
    {
        var question = open.GetOrAdd(instanceId, _ => Ask());
        if (question.Answer.IsCompleted && (await question.Answer).At < clock.GetUtcNow() - Fresh)
        {
            open.TryRemove(KeyValuePair.Create(instanceId, question));
            question = open.GetOrAdd(instanceId, _ => Ask());
        }

        try
        {
            var answer = await question.Answer.WaitAsync(Moment, clock, ct);
            open.TryRemove(KeyValuePair.Create(instanceId, question));
            return answer.Greeted;
        }
        catch (TimeoutException)
        {
            return false;
        }

        Question Ask() => new(question => AskAsync(router, address, question));
    }

    /// <summary>The guest is started or removed: what it is still being asked is of no interest any more.</summary>
    public void Forget(string instanceId)
    {
        if (open.TryRemove(instanceId, out var question))
        {
            question.TakeBack();
        }
    }

    private async Task<Answer> AskAsync(string router, IPAddress address, Question question)
    {
        using var patience = new CancellationTokenSource(ToGreet, clock);
        while (!patience.IsCancellationRequested && !question.IsTakenBack)
        {
            try
            {
                using var socket = await NetworkNamespace.SocketAsync(router);
                socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(NetworkRules.ProbeMark));
                if (await ConnectsAsync(socket, new IPEndPoint(address, Port), patience.Token))
                {
                    return new Answer(await GreetsAsync(socket, patience.Token), clock.GetUtcNow());
                }

                await Task.Delay(Pause, clock, patience.Token);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                break;
            }
        }

        return new Answer(Greeted: false, clock.GetUtcNow());
    }

    private async Task<bool> ConnectsAsync(Socket socket, IPEndPoint guest, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(ToConnect, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            await socket.ConnectAsync(guest, either.Token);
            return true;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // The guest is not up yet, or is and has no ssh server yet.
            return false;
        }
    }

    private static async Task<bool> GreetsAsync(Socket socket, CancellationToken ct)
    {
        var banner = new byte[4];
        for (var got = 0; got < banner.Length;)
        {
            var count = await socket.ReceiveAsync(banner.AsMemory(got), ct);
            if (count == 0)
            {
                return false;
            }

            got += count;
        }

        return banner.AsSpan().SequenceEqual("SSH-"u8);
    }

    private sealed record Answer(bool Greeted, DateTimeOffset At);

    /// <summary>Begins with the first who wants to know the answer: of two made at once for the same guest, one is never asked.</summary>
    private sealed class Question(Func<Question, Task<Answer>> ask)
    {
        private readonly Lock gate = new();
        private volatile bool takenBack;

        public bool IsTakenBack => takenBack;

        public Task<Answer> Answer
        {
            get
            {
                lock (gate)
                {
                    return field ??= ask(this);
                }
            }
        }

        public void TakeBack() => takenBack = true;
    }
}
