using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Portal.Model.Storage;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Rgw;

namespace Portal.Tests.Storage;

/// <summary>The real object store, one for all the tests that need it.</summary>
[CollectionDefinition(Name)]
public sealed class StoreTests : ICollectionFixture<TestStore>
{
    public const string Name = "object store";
}

/// <summary>A <c>bin/ceph</c> in a temporary folder, and an administrator of it. At the end it is gone, and that is checked.</summary>
public sealed class TestStore : IAsyncLifetime
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-ceph-");
    private readonly HttpClient http = new() { Timeout = RgwObjectStores.Patience };
    private readonly int port = FreeRange();

    /// <summary>What <c>bin/ceph</c> and <c>ObjectStore:Folder</c> are given.</summary>
    public string Folder => Path.Combine(home.FullName, "ceph");

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    public StoreAccess Access { get; private set; } = null!;

    public IObjectStores Stores { get; private set; } = null!;

    public IObjectStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        Access = new StoreAccess(new Uri(Endpoint), "us-east-1", await AdministratorAsync());
        Stores = new RgwObjectStores(http, TimeProvider.System);
        Store = Stores.Open(Access);
    }

    public Task StartAsync() => TestPostgres.RunAsync("bin/ceph", "start", Folder, port.ToString(CultureInfo.InvariantCulture), "4");

    public Task StopAsync() => TestPostgres.RunAsync("bin/ceph", "stop", Folder);

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await TestPostgres.RunAsync("bin/ceph", "reset", Folder);
        var left = await TestPostgres.RunAsync("bin/ceph", "status", Folder);
        home.Delete(recursive: true);
        if (left.Length > 0)
        {
            throw new InvalidOperationException($"bin/ceph reset left something behind: {left}");
        }
    }

    private async Task<StoreKey> AdministratorAsync()
    {
        using var user = JsonDocument.Parse(await TestEngine.RunAsync("radosgw-admin", "--conf", Path.Combine(Folder, "ceph.conf"), "--keyring", Path.Combine(Folder, "keys", "keyring"),
            "--name", "client.rgw", "--no-mon-config", "--log-file=", "user", "create", "--uid=portal", "--display-name=Portal", "--caps=users=*;buckets=*;usage=*"));
        var key = user.RootElement.GetProperty("keys")[0];
        return new StoreKey(key.GetProperty("access_key").GetString()!, key.GetProperty("secret_key").GetString()!);
    }

    /// <summary>Ten ports in a row that nothing listens at.</summary>
    private static int FreeRange()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var first = 20000 + (Random.Shared.Next(900) * 10);
            if (Enumerable.Range(first, 10).All(IsFree))
            {
                return first;
            }
        }

        throw new InvalidOperationException("There are no ten free ports in a row.");
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
