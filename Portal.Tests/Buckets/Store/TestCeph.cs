using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Portal.Model.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Rgw;

[assembly: AssemblyFixture(typeof(Portal.Tests.Buckets.TestCeph))]

namespace Portal.Tests.Buckets;

/// <summary>
/// The real object store, one for all the tests that need it: <c>bin/ceph</c> in a temporary folder, started at the first use. At the end
/// it is gone, and that is checked.
/// </summary>
public sealed class TestCeph : IAsyncLifetime
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-ceph-");
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly HttpClient http = new() { Timeout = RgwObjectStores.Patience };
    private int port;

    /// <summary>How much it may hold.</summary>
    public int GiB { get; init; } = 4;

    /// <summary>What <c>bin/ceph</c> and <c>ObjectStore:Folder</c> are given.</summary>
    public string Folder => Path.Combine(home.FullName, "ceph");

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>With an administrator of the tests' own.</summary>
    public StoreAccess Access { get; private set; } = null!;

    public IObjectStore Store { get; private set; } = null!;

    public async Task StartAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (port == 0)
            {
                var first = FreeRange(10);
                await TestPostgres.RunAsync(
                    "bin/ceph",
                    "start",
                    Folder,
                    first.ToString(CultureInfo.InvariantCulture),
                    GiB.ToString(CultureInfo.InvariantCulture)
                );
                port = first;
                Access = new StoreAccess(new Uri(Endpoint), "us-east-1", await AdministratorAsync());
                Store = new RgwObjectStores(http, TimeProvider.System).Open(Access);
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
        var key = BucketSecrets.Make();
        await Store.EnsureUserAsync(AUser(id), default);
        await Store.EnsureKeyAsync(id, key, default);
        return key;
    }

    public Task SetQuotaAsync(string user, long bytes) => Store.EnsureUserAsync(AUser(user) with { MaxBytes = bytes }, default);

    /// <summary>Runs the store's own tool.</summary>
    public Task<string> AdministerAsync(params string[] arguments) =>
        TestEngine.RunAsync(
            "radosgw-admin",
            [
                "--conf",
                Path.Combine(Folder, "ceph.conf"),
                "--keyring",
                Path.Combine(Folder, "keys", "keyring"),
                "--name",
                "client.rgw",
                "--no-mon-config",
                "--log-file=",
                .. arguments,
            ]
        );

    /// <summary>The gateway dies as by a power cut; <see cref="RestartAsync"/> brings it back.</summary>
    public Task KillGatewayAsync() => KillAsync("radosgw");

    /// <summary>The same for one of <c>ceph-mon</c>, <c>ceph-osd</c> and <c>radosgw</c>.</summary>
    public async Task KillAsync(string program)
    {
        var id = int.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "run", $"{program}.pid")), CultureInfo.InvariantCulture);
        using var process = Process.GetProcessById(id);
        process.Kill();
        await process.WaitForExitAsync();
    }

    public Task RestartAsync() => TestPostgres.RunAsync("bin/ceph", "start", Folder, port.ToString(CultureInfo.InvariantCulture));

    /// <summary>So many ports in a row that nothing listens at: Ceph takes the nine after its own.</summary>
    public static int FreeRange(int count)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            // Clear of what the engine publishes (22000 to 27999) and of what the kernel gives away (from 32768 on).
            var first = 12000 + (Random.Shared.Next(600) * count);
            if (Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }

        throw new InvalidOperationException("There are not enough free ports in a row.");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        gate.Dispose();
        var left = "";
        if (port != 0)
        {
            await TestPostgres.RunAsync("bin/ceph", "reset", Folder);
            left = await TestPostgres.RunAsync("bin/ceph", "status", Folder);
        }

        home.Delete(recursive: true);
        if (left.Length > 0)
        {
            throw new InvalidOperationException($"bin/ceph reset left something behind: {left}");
        }
    }

    private static StoreUser AUser(string id) => new(id, id, IsSuspended: false, 1000, 1L << 40, 1_000_000);

    private async Task<StoreKey> AdministratorAsync()
    {
        using var user = JsonDocument.Parse(
            await AdministerAsync("user", "create", "--uid=tests", "--display-name=Tests", "--caps=users=*;buckets=*;usage=*")
        );
        var key = user.RootElement.GetProperty("keys")[0];
        return new StoreKey(key.GetProperty("access_key").GetString()!, key.GetProperty("secret_key").GetString()!);
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
