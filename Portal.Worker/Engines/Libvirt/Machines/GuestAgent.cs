using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The agent inside a running guest, for as long as the port to it is held: QEMU lets in one at a time, and nothing of what a guest writes
/// there is read while nobody asks. It may be any program of a customer's, so what it says is bounded in length, depth and time, ends here,
/// and is no part of a failure: it could hold a secret that it was given, or look like another line of the log. libvirt knows nothing of
/// it. https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
/// </summary>
internal sealed class GuestAgent : IDisposable
{
    /// <summary>Of the socket among those of a machine.</summary>
    public const string Port = "agent";

    /// <summary>By this name it looks for its port inside.</summary>
    public const string NameInside = "org.qemu.guest_agent.0";

    /// <summary>All that is read of one agent, from its first answer to its last. An honest one needs some hundred bytes.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>For each answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Ends whatever the agent was told in part, and begins the answer to <c>guest-sync-delimited</c>: no JSON holds it.</summary>
    private const byte Delimiter = 0xFF;

    private const string Thawing = "guest-fsfreeze-thaw";

    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 16 };

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly IDisposable place;
    private readonly TimeProvider clock;
    private readonly byte[] buffer = new byte[MostBytes];
    private int taken;
    private int read;

    private GuestAgent(IDisposable place, TimeProvider clock) => (this.place, this.clock) = (place, clock);

    /// <param name="path">Of the socket that QEMU listens at, in a folder that no guest can change.</param>
    /// <param name="place">Among those that are asked at one time; given back with the port.</param>
    public static async Task<GuestAgent> OpenAsync(string path, IDisposable place, TimeProvider clock, CancellationToken ct)
    {
        var agent = new GuestAgent(place, clock);
        try
        {
            await agent.WithinPatienceAsync(token => agent.BeginAsync(path, token), ct);
            return agent;
        }
        catch
        {
            agent.Dispose();
            throw;
        }
    }

    /// <param name="hash">As crypt(3) makes it.</param>
    public Task SetPasswordAsync(string user, string hash, CancellationToken ct) =>
        AskAsync(
            "guest-set-user-password",
            new
            {
                username = user,
                password = Convert.ToBase64String(Encoding.UTF8.GetBytes(hash)),
                crypted = true,
            },
            ct
        );

    /// <summary>One that is there already is not added again.</summary>
    public Task AddKeyAsync(string user, string line, CancellationToken ct) =>
        AskAsync("guest-ssh-add-authorized-keys", new { username = user, keys = new[] { line } }, ct);

    /// <summary>One that is not there is no failure. The agent compares whole lines, and some images leave the comment out.</summary>
    /// <param name="but">A line that stays in any case: it may be the same key without its comment.</param>
    public async Task RemoveKeyAsync(string user, string line, string but, CancellationToken ct)
    {
        string[] lines = [.. new[] { line, string.Join(' ', line.Split(' ').Take(2)) }.Where(one => one != but)];
        if (lines.Length > 0)
        {
            await AskAsync("guest-ssh-remove-authorized-keys", new { username = user, keys = lines }, ct);
        }
    }

    /// <summary>
    /// Asks for quiet file systems. An agent that is late is told to thaw them as well, which it reads when it has come to an end with the
    /// freezing: otherwise nobody would.
    /// </summary>
    public async Task FreezeAsync(CancellationToken ct)
    {
        try
        {
            await AskAsync("guest-fsfreeze-freeze", null, ct);
        }
        catch (Exception error) when (error is EngineException { Fault: EngineFault.Unavailable } or OperationCanceledException)
        {
            await TryAsync(token => TellAsync(Thawing, null, token));
            throw;
        }
    }

    /// <summary>
    /// An agent that does not answer now has a guest that ended, or reads it later; nothing could be done about that here.
    /// </summary>
    public Task ThawAsync() => TryAsync(token => AskAsync(Thawing, null, token));

    public void Dispose()
    {
        socket.Dispose();
        place.Dispose();
    }

    private async Task AskAsync(string command, object? arguments, CancellationToken ct)
    {
        var answer = await WithinPatienceAsync(
            async token =>
            {
                await TellAsync(command, arguments, token);
                return Parse(await LineAsync(token)) ?? throw Silent();
            },
            ct
        );
        if (!answer.TryGetProperty("return", out _))
        {
            throw answer.TryGetProperty("error", out _)
                ? new EngineException(
                    EngineFault.Rejected,
                    "The guest refuses to do it.",
                    vendorMessage: $"Its agent's answer to {command} may hold anything, and is left out."
                )
                : Silent();
        }
    }

    /// <summary>What was asked before, by somebody who did not wait for the answer, is answered first: it is passed over.</summary>
    private async Task<bool> BeginAsync(string path, CancellationToken ct)
    {
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
        var id = RandomNumberGenerator.GetInt32(1, int.MaxValue);
        await socket.SendAsync(new[] { Delimiter }, ct);
        await TellAsync("guest-sync-delimited", new { id }, ct);
        while (!IsAnswer(await LineAsync(ct), id)) { }

        return true;
    }

    private static bool IsAnswer(ReadOnlyMemory<byte> line, int id) =>
        line.Span.LastIndexOf(Delimiter) is var at and >= 0
        && Parse(line[(at + 1)..]) is { } answer
        && answer.TryGetProperty("return", out var told)
        && told.ValueKind is JsonValueKind.Number
        && told.TryGetInt32(out var number)
        && number == id;

    /// <summary>Null for what is no object of JSON, or a deep one.</summary>
    private static JsonElement? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line, Shallow);
            return document.RootElement.ValueKind is JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task TellAsync(string command, object? arguments, CancellationToken ct)
    {
        var told = new Dictionary<string, object>(StringComparer.Ordinal) { ["execute"] = command };
        if (arguments is not null)
        {
            told["arguments"] = arguments;
        }

        ReadOnlyMemory<byte> left = (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(told), (byte)'\n'];
        while (left.Length > 0)
        {
            left = left[await socket.SendAsync(left, ct)..];
        }
    }

    /// <summary>The next line, without its end. What was read is kept, so that it can be no more than the buffer holds.</summary>
    private async Task<ReadOnlyMemory<byte>> LineAsync(CancellationToken ct)
    {
        var searched = taken;
        while (true)
        {
            var end = buffer.AsSpan(searched, read - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = buffer.AsMemory(taken, searched + end - taken);
                taken = searched + end + 1;
                return line;
            }

            searched = read;
            if (await socket.ReceiveAsync(buffer.AsMemory(read), ct) is not (> 0 and var count))
            {
                throw Silent();
            }

            read += count;
        }
    }

    private async Task<T> WithinPatienceAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Silent();
        }
        catch (SocketException error)
        {
            throw new EngineException(EngineFault.Unavailable, "The agent in the guest cannot be reached.", error);
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> ask)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            await ask(patience.Token);
        }
        catch (Exception error) when (error is EngineException or SocketException or OperationCanceledException)
        {
            // As its callers say.
        }
    }

    private static EngineException Silent() => new(EngineFault.Unavailable, "The agent in the guest did not answer.");
}
