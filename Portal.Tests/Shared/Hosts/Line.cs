using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Portal.Tests.Shared;

/// <summary>
/// The line between a browser and the web, or the web and its database, which a test breaks off, mutes, or has a proxy on it that swallows
/// what it does not understand.
/// </summary>
public sealed class Line : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> open = new();
    private readonly Task serving;
    private int end;
    private volatile bool isCut;
    private volatile Breaking? breaking;

    public Line()
    {
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Of the web as browsers know it: to be its setting <c>Portal:Url</c>.</summary>
    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{Port}/"));

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Of which requests, by their first line and headers, nothing is passed on nor answered.</summary>
    public Func<string, bool> Swallows { get; set; } = _ => false;

    /// <summary>What the web sends is lost.</summary>
    public bool IsMute { get; set; }

    /// <summary>From now on it leads there.</summary>
    public void LeadTo(PortalServer server) => LeadTo(server.Address.Port);

    public void LeadTo(int port) => end = port;

    /// <summary>
    /// Breaks the next connection on which, from now on, this was said; completes when it is broken. What was said last arrives or does
    /// not; if it does, it has been answered by then, and the answer is lost.
    /// </summary>
    public Task BreakOnceAsync(Func<string, bool> said, bool arrives)
    {
        var broken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        breaking = new Breaking(said, arrives, broken);
        return broken.Task;
    }

    /// <summary>Every connection breaks, and none comes about until <see cref="Mend"/>.</summary>
    public void Cut()
    {
        isCut = true;
        foreach (var browser in open.Keys)
        {
            // One that ended by itself meanwhile has none any more.
            if (browser.Client is { } socket)
            {
                socket.Close(0);
            }
        }
    }

    public void Mend() => (isCut, IsMute) = (false, false);

    public async ValueTask DisposeAsync()
    {
        Cut();
        listener.Dispose();
        await serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = PassOnAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }

    private async Task PassOnAsync(TcpClient browser)
    {
        using (browser)
        using (var server = new TcpClient())
        {
            open[browser] = true;
            try
            {
                if (!isCut)
                {
                    await server.ConnectAsync(IPAddress.Loopback, end);
                    var talk = new Talk();
                    await await Task.WhenAny(
                        UpAsync(browser.GetStream(), server.GetStream(), talk),
                        DownAsync(server.GetStream(), browser.GetStream(), talk)
                    );
                }
            }
            catch (Exception broken) when (broken is SocketException or IOException or InvalidOperationException)
            {
                // One of both has gone.
            }

            open.TryRemove(browser, out _);
        }
    }

    /// <summary>A browser sends what begins a request in one piece, and each socket's upgrade on a connection of its own.</summary>
    private async Task UpAsync(NetworkStream browser, NetworkStream server, Talk talk)
    {
        var buffer = new byte[64 * 1024];
        var isSwallowing = false;
        while (await browser.ReadAsync(buffer) is var count and > 0)
        {
            if (
                breaking is { } now
                && talk.Hears(now, Encoding.Latin1.GetString(buffer, 0, count))
                && Interlocked.CompareExchange(ref breaking, null, now) == now
            )
            {
                if (now.Arrives)
                {
                    talk.IsLost = true;
                    await server.WriteAsync(buffer.AsMemory(0, count));
                    await talk.Answered.Task;
                }

                now.Broken.SetResult();
                return;
            }

            isSwallowing = isSwallowing || Swallows(Encoding.Latin1.GetString(buffer, 0, count));
            if (!isSwallowing)
            {
                await server.WriteAsync(buffer.AsMemory(0, count));
            }
        }
    }

    private async Task DownAsync(NetworkStream server, NetworkStream browser, Talk talk)
    {
        var buffer = new byte[64 * 1024];
        while (await server.ReadAsync(buffer) is var count and > 0)
        {
            if (talk.IsLost)
            {
                talk.Answered.TrySetResult();
            }
            else if (!IsMute)
            {
                await browser.WriteAsync(buffer.AsMemory(0, count));
            }
        }
    }

    private sealed record Breaking(Func<string, bool> Said, bool Arrives, TaskCompletionSource Broken);

    /// <summary>One connection.</summary>
    private sealed class Talk
    {
        private readonly StringBuilder said = new();
        private Breaking? since;

        private volatile bool isLost;

        public bool IsLost
        {
            get => isLost;
            set => isLost = value;
        }

        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Hears(Breaking breaking, string more)
        {
            if (since != breaking)
            {
                since = breaking;
                said.Clear();
            }

            return breaking.Said(said.Append(more).ToString());
        }
    }
}
