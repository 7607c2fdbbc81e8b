using System.Net;
using System.Net.Sockets;
using System.Text;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Networking;

/// <summary>
/// What lies beyond the engine's uplink, in a namespace of the engine's own: a cable in the place of an operator's interface, and a web server
/// at its other end that tells each visitor the address that it sees. Nothing of the host's network is touched.
/// </summary>
public sealed class OutsideWorld : IAsyncDisposable
{
    public const string Address = "198.51.100.2";

    /// <summary>What the uplink itself is called outside.</summary>
    public const string Uplink = "198.51.100.1";

    /// <summary>Routed to the uplink.</summary>
    public const string Range = "203.0.113.0/28";

    private readonly TestEngine engine;
    private readonly TcpListener web;

    private OutsideWorld(TestEngine engine, TcpListener web) => (this.engine, this.web) = (engine, web);

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
        foreach (var command in new[] { "link set lo up", "link set in0 up", $"addr add {Address}/24 dev in0", $"addr add 198.51.100.9/24 dev in0", $"route add {Range} via {Uplink}" })
        {
            await TestEngine.RunAsync("ip", ["-n", outside, .. command.Split(' ')]);
        }

        await TestPostgres.RunAsync("bin/engine", "uplink", engine.Folder, "out0", $"{Uplink}/24", Address, Range, Address);
        var web = await NetworkNamespace.RunAsync(outside, () =>
        {
            var listener = new TcpListener(IPAddress.Parse(Address), 80);
            listener.Start();
            return listener;
        });
        _ = ServeAsync(web);
        return new OutsideWorld(engine, web);
    }

    /// <summary>The first bytes that the other side sends; empty if no connection comes about.</summary>
    public async Task<string> GreetAsync(string from, string address, int port)
    {
        using var socket = await NetworkNamespace.RunAsync(Namespace(engine), () =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            made.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            return made;
        });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(4));
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
        await TestPostgres.RunAsync("bin/engine", "uplink", engine.Folder, "none");
        await TestEngine.RunAsync("ip", "netns", "delete", Namespace(engine));
    }

    private static async Task ServeAsync(TcpListener web)
    {
        try
        {
            while (true)
            {
                using var visitor = await web.AcceptSocketAsync();
                await visitor.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\n\r\n{((IPEndPoint)visitor.RemoteEndPoint!).Address}\n"));
                visitor.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
