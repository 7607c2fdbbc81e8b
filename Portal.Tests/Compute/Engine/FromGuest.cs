using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Model.Compute;

namespace Portal.Tests.Compute;

/// <summary>
/// What a real guest reaches, asked inside it. Probes are commands for its shell that print something only if they got through; <c>$w</c>
/// is how many seconds they wait.
/// </summary>
internal static class FromGuest
{
    /// <summary>Prints the last line that the web server there answers.</summary>
    public static string Fetch(string address) =>
        $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout $((w + 1)) nc -w $w {address} 80 | tail -n 1";

    public static string Ping(string address) => $"ping -c 1 -W $w {address} > /dev/null && echo open";

    public static string Connect(IPAddress address, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"nc -w $w {address} {port} < /dev/null > /dev/null && echo open");

    /// <summary>
    /// For what is expected to be refused, all at once. Together with them the guest asks its router for a connection that is always open:
    /// until that comes about within the time that the others have, all are asked again with more time. So what is silent is not merely
    /// slow.
    /// </summary>
    /// <returns>What each printed last; nothing if it did not get through.</returns>
    public static async Task<string[]> TryAsync(this TestEngine engine, InstanceSpec from, params string[] probes)
    {
        var asked = string.Concat(probes.Index().Select(probe => $"({probe.Item}) > $d/{probe.Index} 2> /dev/null &\n"));
        var told = await engine.SshAsync(
            from,
            $"""
            d=$(mktemp -d)
            for w in 1 2 4 8 16; do
            {asked}nc -w $w {from.Interfaces[0].Gateway} 53 < /dev/null > /dev/null 2>&1 & open=$!
            wait $open; open=$?
            wait
            [ $open != 0 ] || break
            done
            [ $open = 0 ] && for n in $(seq 0 {probes.Length - 1}); do echo "[$(tail -n 1 $d/$n)]"; done
            rm -r $d
            """
        );
        var answers = told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[1..^1]).ToArray();
        Assert.True(answers.Length == probes.Length, $"{from.Id} did not reach its own router: {told}");
        return answers;
    }

    /// <summary>The last line that the web server there answers; nothing if none does. For one that is expected to.</summary>
    public static Task<string> FetchAsync(this TestEngine engine, InstanceSpec from, string address) =>
        engine.SshAsync(from, $"w=10; {Fetch(address)}");

    /// <summary><c>open</c>, or nothing. For what is expected to be.</summary>
    public static Task<string> PingAsync(this TestEngine engine, InstanceSpec from, string address) =>
        engine.SshAsync(from, $"w=10; {Ping(address)} || true");

    /// <summary><c>open</c>, or nothing. For what is expected to be.</summary>
    public static Task<string> ConnectAsync(this TestEngine engine, InstanceSpec from, IPAddress address, int port) =>
        engine.SshAsync(from, $"w=10; {Connect(address, port)} || true");

    /// <summary>Starts a web server in the guest that tells its machine's id.</summary>
    public static Task ServeAsync(this TestEngine engine, InstanceSpec machine) =>
        engine.SshAsync(machine, $"mkdir -p /www; echo {machine.Id} > /www/index.html; httpd -p 80 -h /www");

    /// <summary>On a free port, of the network namespace that the thread is in.</summary>
    public static TcpListener Listening(IPAddress address)
    {
        var listener = new TcpListener(address, 0);
        listener.Start();
        return listener;
    }
}
