using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Asks guests' port 22 for its banner, from inside their network's router. A slow guest may take seconds to greet, and an sshd to which
/// new connections are made meanwhile soon refuses all (MaxStartups): so each guest has at most one question open, which knocks until
/// somebody opens. Who looks again before it is answered waits a moment for the answer to that one.
/// </summary>
internal sealed class SshProbes(TimeProvider clock)
{
    private const int SolSocket = 1;

    private const int SoMark = 36;

    private const int Port = 22;

    /// <summary>
    /// How long a look at a machine waits for an answer: as long as the pause between two looks, so that half of the guests are found up at
    /// once.
    /// </summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Between two knocks. One that comes too early is lost, and the kernel would repeat it only after a second: so another follows before
    /// it is given up.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long a knock is waited for: few are open at once, since a small sshd takes no more than five strangers from one address.
    /// </summary>
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
        try
        {
            using var socket = await OpenedAsync(router, new IPEndPoint(address, Port), question, patience.Token);
            return new Answer(socket is not null && await GreetsAsync(socket, patience.Token), clock.GetUtcNow());
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return new Answer(Greeted: false, clock.GetUtcNow());
        }
    }

    /// <summary>Knocks until somebody opens.</summary>
    private async Task<Socket?> OpenedAsync(string router, IPEndPoint guest, Question question, CancellationToken ct)
    {
        var opened = new TaskCompletionSource<Socket?>(TaskCreationOptions.RunContinuationsAsynchronously);
        while (!opened.Task.IsCompleted && !question.IsTakenBack && !ct.IsCancellationRequested)
        {
            var socket = await NetworkNamespace.SocketAsync(router);
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(NetworkRules.ProbeMark));
            _ = KnockAsync(socket, guest, opened);
            await Task.WhenAny(opened.Task, Task.Delay(Pause, clock, ct));
        }

        // Who opens from now on finds that nobody waits.
        opened.TrySetResult(null);
        return await opened.Task;
    }

    private async Task KnockAsync(Socket socket, IPEndPoint guest, TaskCompletionSource<Socket?> opened)
    {
        using var patience = new CancellationTokenSource(ToConnect, clock);
        try
        {
            await socket.ConnectAsync(guest, patience.Token);
            if (opened.TrySetResult(socket))
            {
                return;
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The guest is not up yet, or is and has no ssh server yet.
        }

        socket.Dispose();
    }

    private static async Task<bool> GreetsAsync(Socket socket, CancellationToken ct)
    {
        var banner = new byte[4];
        for (var got = 0; got < banner.Length; )
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
