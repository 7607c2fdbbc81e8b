using System.Net;
using System.Net.Sockets;
using Portal.Model.Compute;

namespace Portal.Tests.Compute;

/// <summary>What a real guest reaches, asked inside it.</summary>
internal static class FromGuest
{
    /// <summary>The last line that the web server there answers; nothing if none does.</summary>
    public static Task<string> FetchAsync(this TestEngine engine, InstanceSpec from, string address) =>
        engine.SshAsync(from, $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 4 nc -w 3 {address} 80 2> /dev/null | tail -n 1");

    /// <summary><c>open</c> or <c>closed</c>.</summary>
    public static Task<string> PingAsync(this TestEngine engine, InstanceSpec from, string address) => engine.SshAsync(from, $"ping -c 1 -W 3 {address} > /dev/null && echo open || echo closed");

    /// <summary><c>open</c> or <c>closed</c>.</summary>
    public static Task<string> ConnectAsync(this TestEngine engine, InstanceSpec from, IPAddress address, int port) =>
        engine.SshAsync(from, $"nc -w 2 {address} {port} < /dev/null > /dev/null 2>&1 && echo open || echo closed");

    /// <summary>Starts a web server in the guest that tells its machine's id.</summary>
    public static Task ServeAsync(this TestEngine engine, InstanceSpec machine) => engine.SshAsync(machine, $"mkdir -p /www; echo {machine.Id} > /www/index.html; httpd -p 80 -h /www");

    /// <summary>On a free port, of the network namespace that the thread is in.</summary>
    public static TcpListener Listening(IPAddress address)
    {
        var listener = new TcpListener(address, 0);
        listener.Start();
        return listener;
    }
}
