using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Worker.Engines.Rgw;

/// <summary>The object store that <c>bin/ceph</c> runs on this machine.</summary>
/// <param name="folder">What <c>bin/ceph start</c> was given (<c>ObjectStore:Folder</c>); null where there is none of that kind.</param>
public sealed class EmbeddedCeph(string? folder)
{
    /// <summary>The user of the store that is Portal.</summary>
    private const string Administrator = "portal";

    public static EmbeddedCeph Of(IConfiguration configuration) => new(configuration["ObjectStore:Folder"]);

    /// <summary>At which port of the loopback S3 answers; null until <c>bin/ceph</c> has started it once.</summary>
    public int? Port => Setting("port") is { } port ? int.Parse(port, CultureInfo.InvariantCulture) : null;

    /// <summary>Where the store writes a line of JSON for each request; null if it does not.</summary>
    public string? OperationsLog => Setting("operations");

    /// <summary>
    /// Portal's key for the admin API, made at the first time. With the store's own tool, since before this there is nobody whom the API
    /// would believe.
    /// </summary>
    /// <param name="refused">A key of Portal's that the store does not take (any more): there is to be another one.</param>
    public async Task<StoreKey> AdministratorAsync(string? refused, CancellationToken ct)
    {
        var known =
            await RunAsync(["user", "info", "--uid", Administrator], ct)
            ?? await RunAsync(
                ["user", "create", "--uid", Administrator, "--display-name", "Portal", "--caps", "users=*;buckets=*;usage=*"],
                ct
            );
        if (Key(known, refused) is { } key)
        {
            return key;
        }

        // One that was cut off while it was made is listed and does not work.
        var again = await RunAsync(["key", "create", "--uid", Administrator, "--key-type", "s3", "--gen-access-key", "--gen-secret"], ct);
        if (refused is not null)
        {
            await RunAsync(["key", "rm", "--uid", Administrator, "--key-type", "s3", "--access-key", refused], ct);
        }

        return Key(again, refused)
            ?? throw new EngineException(EngineFault.Unavailable, "The object store does not make an administrator yet.");
    }

    /// <summary>How much fits in it in all, and how much still does; null while it cannot be asked.</summary>
    public async Task<(long Total, long Free)?> RoomAsync(CancellationToken ct)
    {
        if (Port is null)
        {
            return null;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(OsdSocket), ct);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync("""{"prefix":"perf dump","logger":"osd"}"""u8.ToArray().Append((byte)0).ToArray(), ct);
            var length = new byte[4];
            await stream.ReadExactlyAsync(length, ct);
            var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
            await stream.ReadExactlyAsync(answer, ct);
            using var counters = JsonDocument.Parse(answer);
            var osd = counters.RootElement.GetProperty("osd");
            return osd.GetProperty("stat_bytes").GetInt64() is > 0 and var total
                ? (total, osd.GetProperty("stat_bytes_avail").GetInt64())
                : null;
        }
        catch (Exception error) when (error is SocketException or IOException or JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Gives the bytes of deleted objects back now; by itself it does so minutes later.</summary>
    public Task CollectAsync(CancellationToken ct) => RunAsync(["gc", "process", "--include-all"], ct);

    /// <summary>As root the daemon sees its folder at a short path of its own; an address of a socket has 107 bytes at most.</summary>
    private string OsdSocket =>
        Environment.IsPrivilegedProcess
            ? $"/proc/{File.ReadAllText(Path.Combine(folder!, "run", "ceph-osd.pid")).Trim()}/root/mnt/ceph/osd/socket"
            : Path.Combine(folder!, "osd", "socket");

    private static StoreKey? Key(string? user, string? refused)
    {
        if (user is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(user);
        return document
            .RootElement.GetProperty("keys")
            .EnumerateArray()
            .Select(key => new StoreKey(key.GetProperty("access_key").GetString()!, key.GetProperty("secret_key").GetString()!))
            .FirstOrDefault(key => key.AccessKeyId != refused);
    }

    private async Task<string?> RunAsync(string[] arguments, CancellationToken ct)
    {
        try
        {
            return await Command.RunAsync(
                "radosgw-admin",
                [
                    "--conf",
                    Path.Combine(folder!, "ceph.conf"),
                    "--keyring",
                    Path.Combine(folder!, "keys", "keyring"),
                    "--name",
                    "client.rgw",
                    "--no-mon-config",
                    "--log-file=",
                    .. arguments,
                ],
                ct
            );
        }
        catch (EngineException)
        {
            return null;
        }
    }

    private string? Setting(string name)
    {
        if (folder is null)
        {
            return null;
        }

        try
        {
            return File.ReadLines(Path.Combine(folder, "settings"))
                .FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))
                ?[(name.Length + 1)..];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
