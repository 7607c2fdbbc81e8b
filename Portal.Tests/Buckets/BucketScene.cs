using System.Globalization;
using System.Net;
using Amazon.S3;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>
/// A customer of the web with buckets in a real Ceph. Of the worker there is what changes objects; the rest of its part is played by the
/// test.
/// </summary>
public sealed class BucketScene(PortalServer server, TestCeph ceph, IDbContextFactory<PortalDb> dbs) : IAsyncDisposable
{
    private static int names;

    private readonly CancellationTokenSource stopped = new();
    private ObjectStoreUser? user;
    private ServiceProvider? worker;
    private IDisposable? listening;
    private Task working = Task.CompletedTask;

    public Person Ada { get; private set; } = null!;

    public Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);

    /// <summary>S3 with the key that Portal has of the project.</summary>
    public AmazonS3Client S3 { get; private set; } = null!;

    public StoreKey Key { get; private set; } = null!;

    public string StoreUser => user!.Id;

    /// <summary>While it is held, no worker looks at changes of objects.</summary>
    public SemaphoreSlim Worker { get; } = new(1, 1);

    public ObjectChanges Changes => server.Services.GetRequiredService<ObjectChanges>();

    public static async Task<BucketScene> AddAsync(PortalServer server, TestCeph ceph, IDbContextFactory<PortalDb> dbs)
    {
        await ceph.StartAsync();
        var scene = new BucketScene(server, ceph, dbs) { Ada = await server.AddPersonAsync() };
        await scene.AddUserAsync();
        scene.WorkOnObjects();
        return scene;
    }

    /// <summary>A bucket that is there, named so that no other test has it.</summary>
    public async Task<Bucket> AddBucketAsync(string name = "photos")
    {
        var unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{Environment.ProcessId}-{Interlocked.Increment(ref names)}");
        await S3.PutBucketAsync(unique);
        var made = await ceph.Store.EnsureBucketAsync(StoreUser, Key, unique, default);
        await using var db = await dbs.CreateDbContextAsync();
        return await BucketRows.AddBucketAsync(db, user!, unique, made.StoreId);
    }

    /// <summary>The change of objects, once the worker has ended it.</summary>
    public async Task<ObjectOperation> DoneAsync(ObjectOperation begun)
    {
        var now = begun;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                now = await db.ObjectOperations.AsNoTracking().SingleAsync(one => one.Id == begun.Id);
                return !now.IsUnsettled;
            },
            TimeSpan.FromSeconds(60),
            () => $"{now.State} {now.Changed} of {now.Total} {now.Waiting}"
        );
        return now;
    }

    public async ValueTask DisposeAsync()
    {
        await stopped.CancelAsync();
        listening?.Dispose();

        // Whoever is at it now gives up soon; a test that failed may hold the worker still.
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (worker?.DisposeAsync() ?? ValueTask.CompletedTask);
        Worker.Dispose();
        stopped.Dispose();
        S3.Dispose();
    }

    public async Task<OpenBucket> OpenAsync(Bucket bucket) =>
        (await server.Services.GetRequiredService<BucketGateway>().OpenAsync(Actor, bucket.Id, default)).Value!;

    private async Task AddUserAsync()
    {
        await using var db = await dbs.CreateDbContextAsync();
        user = await BucketRows.AddUserAsync(
            db,
            server.Services.GetRequiredService<BucketSecrets>(),
            Ada.AccountId,
            ceph.Endpoint,
            async id => Key = await ceph.AddUserAsync(id)
        );
        S3 = S3Client.Of(ceph.Endpoint, "us-east-1", Key);
        var sealedSecret = server.Services.GetRequiredService<BucketSecrets>().Admin.Seal("of the tests");
        await db.ObjectStores.ExecuteUpdateAsync(set => set.SetProperty(store => store.SealedAdminSecret, sealedSecret));
    }

    /// <summary>As the worker does, which hears of them as pages do.</summary>
    private void WorkOnObjects()
    {
        worker = WorkerServices.Of(
            dbs,
            server.Services.GetRequiredService<Npgsql.NpgsqlDataSource>(),
            new InMemoryEngine(),
            TimeProvider.System,
            new OneStore(ceph.Store),
            server.Services.GetRequiredService<IDataProtectionProvider>()
        );
        listening = server
            .Services.GetRequiredService<Changes>()
            .Subscribe(seen => seen.Table is "ObjectOperations", seen => working = AdvanceAsync(seen.Id));
    }

    private async Task AdvanceAsync(string id)
    {
        await Worker.WaitAsync(stopped.Token);
        try
        {
            await worker!.GetRequiredService<IObjectOperationJob>().AdvanceAsync(id, stopped.Token);
        }
        finally
        {
            Worker.Release();
        }
    }

    private sealed class OneStore(IObjectStore store) : IObjectStores
    {
        public IObjectStore Open(StoreAccess access) => store;
    }
}
