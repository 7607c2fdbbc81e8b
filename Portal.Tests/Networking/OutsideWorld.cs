using System.Net;
using System.Net.Sockets;
using System.Text;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Networking;

/// <summary>
/// What lies beyond the engine's uplink, in a namespace of the engine's own: a cable in the place of an operator's interface, and a web
/// server at its other end that tells each visitor the address that it sees. Nothing of the host's network is touched.
/// </summary>
public sealed class OutsideWorld : IAsyncDisposable
{
    // Of AS112, which belongs to nobody in particular (RFC 7535): what is for examples is not the Internet, and the uplink lets none of it
    // pass.
    public const string Address = "192.31.196.2";

    /// <summary>What the uplink itself is called outside.</summary>
    public const string Uplink = "192.31.196.1";

    /// <summary>Routed to the uplink.</summary>
    public const string Range = "203.0.113.0/28";

    private readonly TestEngine engine;
    private readonly TcpListener web;
    private readonly TcpListener mail;

    private OutsideWorld(TestEngine engine, TcpListener web, TcpListener mail) => (this.engine, this.web, this.mail) = (engine, web, mail);

    private static string Namespace(TestEngine engine) => $"{engine.Settings.Name}-outside";

    public static async Task<OutsideWorld> OpenAsync(TestEngine engine)
    {
        var (uplink, outside) = (engine.Settings.Uplink, Namespace(engine));
        await TestEngine.RunAsync("ip", "netns", "add", outside);
        if (!File.Exists(EngineSettings.NamespaceFile(uplink)))
        {
            await TestEngine.RunAsync("ip", "netns", "add", uplink);
        }

        await TestEngine.RunAsync("ip", "-n", uplink, "link", "add", "out0", "type", "veth", "peer", "name", "in0", "netns", outside);
        foreach (
            var command in new[]
            {
                "link set lo up",
                "link set in0 up",
                $"addr add {Address}/24 dev in0",
                $"addr add 192.31.196.9/24 dev in0",
                $"route add {Range} via {Uplink}",
            }
        )
        {
            await TestEngine.RunAsync("ip", ["-n", outside, .. command.Split(' ')]);
        }

        await TestPostgres.RunAsync("bin/engine", "uplink", engine.Folder, "out0", $"{Uplink}/24", Address, Range, Address);
        var (web, mail) = (await ListenAsync(80), await ListenAsync(25));
        _ = ServeAsync(web);
        _ = GreetAsync(mail);
        return new OutsideWorld(engine, web, mail);

        Task<TcpListener> ListenAsync(int port) =>
            NetworkNamespace.RunAsync(
                outside,
                () =>
                {
                    var listener = new TcpListener(IPAddress.Parse(Address), port);
                    listener.Start();
                    return listener;
                }
            );
    }

    /// <summary>The first bytes that the other side sends; empty if no connection comes about.</summary>
    /// <param name="isOpen">
    /// As is expected. What is refused is asked after what was open at the same guest, so it need not be waited for as long.
    /// </param>
    public async Task<string> GreetAsync(string from, string address, int port, bool isOpen = true)
    {
        using var socket = await NetworkNamespace.RunAsync(
            Namespace(engine),
            () =>
            {
                var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                made.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                return made;
            }
        );
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(isOpen ? 10 : 2));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), patience.Token);
            var buffer = new byte[4];
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        web.Dispose();
        mail.Dispose();
        await TestPostgres.RunAsync("bin/engine", "uplink", engine.Folder, "none");
        await TestEngine.RunAsync("ip", "netns", "delete", Namespace(engine));
    }

    /// <summary>As a mail server does, which then waits for its visitor to speak.</summary>
    private static async Task GreetAsync(TcpListener mail)
    {
        var visitors = new List<Socket>();
        try
        {
            while (true)
            {
                visitors.Add(await mail.AcceptSocketAsync());
                await visitors[^1].SendAsync("220 outside\r\n"u8.ToArray());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            visitors.ForEach(visitor => visitor.Dispose());
        }
    }

    private static async Task ServeAsync(TcpListener web)
    {
        try
        {
            while (true)
            {
                using var visitor = await web.AcceptSocketAsync();
                await visitor.SendAsync(
                    Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\n\r\n{((IPEndPoint)visitor.RemoteEndPoint!).Address}\n")
                );
                visitor.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
