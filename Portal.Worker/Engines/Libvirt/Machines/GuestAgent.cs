using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// A talk with the agent inside a running guest (https://www.qemu.org/docs/master/interop/qemu-ga-ref.html). Whatever is at the other end is
/// a customer's program: what it says is bounded in length, depth and time, and nothing of it but that it was done, or was not. The worker
/// speaks for itself: libvirtd would read whatever a guest writes there, asked for or not, and 1,000,000 brackets end libvirtd 9, which
/// drives all machines of the host.
/// </summary>
internal sealed class GuestAgent(Socket socket) : IDisposable
{
    /// <summary>How long it may take to answer once.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Of all that it says in one talk.</summary>
    private const int MostBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 8 };

    private readonly byte[] buffer = new byte[MostBytes];
    private int begin;
    private int end;
    private bool isToThaw;

    /// <summary>Before anything is asked: what an earlier talk has left unread is skipped.</summary>
    /// <exception cref="EngineException">Unavailable: it does not answer.</exception>
    public static async Task<GuestAgent> OpenAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var (agent, isOpen) = (new GuestAgent(socket), false);
        try
        {
            await agent.WithinAsync(token => socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token).AsTask(), ct);
            await agent.SyncAsync(ct);
            isOpen = true;
            return agent;
        }
        finally
        {
            if (!isOpen)
            {
                agent.Dispose();
            }
        }
    }

    public void Dispose() => socket.Dispose();

    /// <param name="hash">As crypt writes it.</param>
    public Task SetPasswordAsync(string user, string hash, CancellationToken ct) =>
        DoAsync(
            "guest-set-user-password",
            new JsonObject
            {
                ["username"] = user,
                ["password"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(hash)),
                ["crypted"] = true,
            },
            ct
        );

    /// <summary>One that is there already is not added again.</summary>
    public Task AddKeyAsync(string user, string line, CancellationToken ct) =>
        DoAsync(
            "guest-ssh-add-authorized-keys",
            new JsonObject
            {
                ["username"] = user,
                ["keys"] = new JsonArray(line),
                ["reset"] = false,
            },
            ct
        );

    /// <summary>One that is not there is no failure. The agent compares whole lines, and some images leave the comment out.</summary>
    /// <param name="but">A line that stays in any case: it may be the same key without its comment.</param>
    public async Task RemoveKeyAsync(string user, string line, string but, CancellationToken ct)
    {
        JsonNode?[] lines = [.. new[] { line, string.Join(' ', line.Split(' ').Take(2)) }.Where(one => one != but)];
        if (lines.Length > 0)
        {
            var arguments = new JsonObject { ["username"] = user, ["keys"] = new JsonArray(lines) };
            await DoAsync("guest-ssh-remove-authorized-keys", arguments, ct);
        }
    }

    /// <summary>Whether it has made its file systems quiet. However that went, <see cref="ThawAsync"/> follows.</summary>
    public async Task<bool> TryFreezeAsync(CancellationToken ct)
    {
        try
        {
            isToThaw = true;
            await DoAsync("guest-fsfreeze-freeze", null, ct);
            return true;
        }
        catch (EngineException)
        {
            return false;
        }
    }

    /// <summary>
    /// Also after a freezing that was not answered in time, and may still come. An agent that does not answer now has a guest that ended;
    /// nothing could be done about that here.
    /// </summary>
    public async Task ThawAsync()
    {
        if (isToThaw)
        {
            try
            {
                await DoAsync("guest-fsfreeze-thaw", null, CancellationToken.None);
            }
            catch (EngineException) { }
        }
    }

    /// <summary>The byte 0xFF ends whatever the agent has of a line that was cut off.</summary>
    private async Task SyncAsync(CancellationToken ct)
    {
        var id = RandomNumberGenerator.GetInt32(1000, int.MaxValue);
        await WithinAsync(
            async token =>
            {
                await WriteAsync(new byte[] { 0xFF, (byte)'\n' }, token);
                await WriteAsync(Command("guest-sync", new JsonObject { ["id"] = id }), token);
                while (!IsAnswer(await ReadLineAsync(token), id)) { }
            },
            ct
        );
    }

    private static bool IsAnswer(ReadOnlyMemory<byte> line, int id)
    {
        try
        {
            using var answer = JsonDocument.Parse(line, Shallow);
            return answer.RootElement is { ValueKind: JsonValueKind.Object } said
                && said.TryGetProperty("return", out var returned)
                && returned.ValueKind is JsonValueKind.Number
                && returned.TryGetInt32(out var number)
                && number == id;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private Task DoAsync(string command, JsonObject? arguments, CancellationToken ct) =>
        WithinAsync(
            async token =>
            {
                await WriteAsync(Command(command, arguments), token);
                using var answer = JsonDocument.Parse(await ReadLineAsync(token), Shallow);
                if (answer.RootElement.ValueKind is not JsonValueKind.Object || !answer.RootElement.TryGetProperty("return", out _))
                {
                    throw new EngineException(
                        EngineFault.Rejected,
                        "The host refuses to do it.",
                        vendorsWords: "The guest's agent refused; its words are the guest's own, and are left out."
                    );
                }
            },
            ct
        );

    private static byte[] Command(string name, JsonObject? arguments)
    {
        var command = new JsonObject { ["execute"] = name };
        if (arguments is not null)
        {
            command["arguments"] = arguments;
        }

        return Encoding.UTF8.GetBytes(command.ToJsonString() + "\n");
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, ct)..];
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken ct)
    {
        for (var looked = begin; ; )
        {
            var length = buffer.AsSpan(looked, end - looked).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = buffer.AsMemory(begin, looked + length - begin);
                begin = looked + length + 1;
                return line;
            }

            looked = end;
            var got = end == MostBytes ? 0 : await socket.ReceiveAsync(buffer.AsMemory(end), ct);
            if (got == 0)
            {
                throw Silent(null);
            }

            end += got;
        }
    }

    private async Task WithinAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            await work(limit.Token);
        }
        catch (Exception error)
            when (error is SocketException or JsonException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw Silent(error is JsonException ? null : error);
        }
    }

    private static EngineException Silent(Exception? inner) =>
        new(EngineFault.Unavailable, "The agent in the guest does not answer.", inner);
}
