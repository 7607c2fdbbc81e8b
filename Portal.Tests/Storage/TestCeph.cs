using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Portal.Model.Storage;
using Portal.Tests.Shared;
using Portal.Tests.Storage;

[assembly: AssemblyFixture(typeof(TestCeph))]

namespace Portal.Tests.Storage;

/// <summary>A real Ceph of the tests' own, started at the first use by <c>bin/ceph</c>; users of it are made by hand.</summary>
public sealed class TestCeph : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"portal-ceph-{Environment.ProcessId}");
    private readonly SemaphoreSlim gate = new(1, 1);
    private int port;

    public string Endpoint => $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";

    public async Task StartAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (port == 0)
            {
                // The nine ports after it are Ceph's too.
                var first = RandomNumberGenerator.GetInt32(2400, 3000) * 10;
                await TestPostgres.RunAsync("bin/ceph", "start", folder, first.ToString(CultureInfo.InvariantCulture), "4");
                port = first;
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A new user with one key.</summary>
    public async Task<StoreKey> AddUserAsync(string id)
    {
        var key = StorageSecrets.Make();
        await AdminAsync("user", "create", "--uid", id, "--display-name", id, "--access-key", key.AccessKeyId, "--secret-key", key.Secret);
        return key;
    }

    public async Task SetQuotaAsync(string user, long bytes)
    {
        await AdminAsync("quota", "set", "--quota-scope=user", "--uid", user, "--max-size", bytes.ToString(CultureInfo.InvariantCulture));
        await AdminAsync("quota", "enable", "--quota-scope=user", "--uid", user);
    }

    /// <summary>The gateway dies as by a power cut; <see cref="RestartAsync"/> brings it back.</summary>
    public async Task KillGatewayAsync()
    {
        var id = int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "run", "radosgw.pid")), CultureInfo.InvariantCulture);
        using var process = Process.GetProcessById(id);
        process.Kill();
        await process.WaitForExitAsync();
    }

    public Task RestartAsync() => TestPostgres.RunAsync("bin/ceph", "start", folder, port.ToString(CultureInfo.InvariantCulture));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (port != 0)
        {
            await TestPostgres.RunAsync("bin/ceph", "reset", folder);
        }

        gate.Dispose();
    }

    private async Task AdminAsync(params string[] arguments)
    {
        string[] all = ["--conf", Path.Combine(folder, "ceph.conf"), "--keyring", Path.Combine(folder, "keys", "keyring"), "--name", "client.rgw", "--no-mon-config", "--log-file=", .. arguments];
        using var process = Process.Start(new ProcessStartInfo("radosgw-admin", all) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"radosgw-admin {arguments[0]} {arguments[1]}: {await errors} {await output}");
    }
}
