using System.Globalization;
using System.Text.Json;
using Portal.Model.Shared;
using Portal.Model.Storage;
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

    /// <summary>Portal's key for the admin API, made at the first time. With the store's own tool, since before this there is nobody whom the API would believe.</summary>
    public async Task<StoreKey> AdministratorAsync(CancellationToken ct)
    {
        using var user = JsonDocument.Parse(await RunAsync(["user", "info", "--uid", Administrator], ct)
            ?? await RunAsync(["user", "create", "--uid", Administrator, "--display-name", "Portal", "--caps", "users=*;buckets=*;usage=*"], ct)
            ?? throw new EngineException(EngineFault.Unavailable, "The object store does not make an administrator yet."));
        var key = user.RootElement.GetProperty("keys")[0];
        return new StoreKey(key.GetProperty("access_key").GetString()!, key.GetProperty("secret_key").GetString()!);
    }

    private async Task<string?> RunAsync(string[] arguments, CancellationToken ct)
    {
        try
        {
            return await Command.RunAsync("radosgw-admin", [
                "--conf", Path.Combine(folder!, "ceph.conf"), "--keyring", Path.Combine(folder!, "keys", "keyring"), "--name", "client.rgw", "--no-mon-config", "--log-file=", .. arguments], ct);
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
            return File.ReadLines(Path.Combine(folder, "settings")).FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
