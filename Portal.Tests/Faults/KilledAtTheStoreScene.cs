using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>Customers with buckets in a real object store, and workers that are killed at a call to it.</summary>
public abstract class KilledAtTheStoreScene(TestPostgres postgres, TestCeph ceph) : ServedTests(postgres)
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    protected TestCeph Ceph { get; } = ceph;

    protected GatewayProxy Proxy { get; private set; } = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Ceph.StartAsync();
        Proxy = await GatewayProxy.StartAsync(Ceph.Endpoint);
        using var worker = await StartAsync();
        await InDatabaseAsync(db => db.ObjectStores.AnyAsync(store => store.SeenAt != null && store.AwaySince == null, Ct));
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Proxy.DisposeAsync();
        await base.DisposeAsync();
    }

    private protected Task<WorkerUnderFire> StartAsync() =>
        WorkerUnderFire.StartAsync(
            ConnectionString,
            ("ObjectStore:Endpoint", Proxy.Endpoint),
            ("ObjectStore:AdminKeyId", Ceph.Access.Admin.AccessKeyId),
            ("ObjectStore:AdminSecret", Ceph.Access.Admin.Secret)
        );

    /// <summary>Starts a worker and kills it as it makes such a call for the first time.</summary>
    protected async Task KillAtAsync(Func<HttpRequest, bool> isCall, FaultPoint point, string name)
    {
        Task<WorkerUnderFire>? starting = null;
        var killed = Proxy.KillAtFirst(isCall, point, async () => await (await starting!).KillAsync());
        starting = StartAsync();
        using var worker = await starting;
        await killed
            .WaitAsync(Patience, Ct)
            .ContinueWith(done => Assert.True(done.IsCompletedSuccessfully, $"No worker came to {name}."), TaskScheduler.Default);
        Proxy.Interfere = (_, _) => Task.FromResult(Interference.None);
    }

    /// <summary>Somebody with a bucket and two keys; if there are to be objects, they are there.</summary>
    protected async Task<ACustomer> RequestAsync(int objects)
    {
        var actor = await AnAccount.ReadyAsync(this);
        var (create, keys) = (Server.Services.GetRequiredService<CreateBucket>(), Server.Services.GetRequiredService<AccessKeys>());
        var bucket = (await create.RunAsync(actor, new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")), Ct)).Value!;
        var full = (
            await keys.CreateAsync(actor, new NewAccessKey("full", KeyRights.ReadWrite, null, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        var reading = (
            await keys.CreateAsync(actor, new NewAccessKey("reading", KeyRights.ReadOnly, bucket.Id, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        var customer = new ACustomer(actor, bucket, full, reading);
        if (objects > 0)
        {
            using var worker = await StartAsync();
            await SettledBuckets.UntilAsync(this, Patience);
            using var s3 = Client(full);
            await Parallel.ForEachAsync(
                Enumerable.Range(0, objects),
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
                async (number, ct) =>
                    await s3.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = bucket.Name,
                            Key = $"{number:d6}",
                            ContentBody = new string('x', 4096),
                        },
                        ct
                    )
            );
        }

        return customer;
    }

    protected async Task<List<UsageSpan>> SpansAsync(Bucket bucket)
    {
        await using var db = CreateDbContext();
        return await db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == bucket.Id).ToListAsync(Ct);
    }

    protected async Task InDatabaseAsync(Func<Model.Shared.PortalDb, Task<bool>> isSo) =>
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await isSo(db);
            },
            Patience
        );

    protected Amazon.S3.AmazonS3Client Client(MadeAccessKey made) =>
        S3Client.Of(Ceph.Endpoint, "us-east-1", new StoreKey(made.Key.AccessKeyId, made.Secret!));

    protected static bool Is(HttpRequest request, string method, string path, string parameter, string prefix) =>
        request.Method == method
        && request.Path == path
        && request.Query.TryGetValue(parameter, out var value)
        && value.ToString().StartsWith(prefix, StringComparison.Ordinal);

    protected static bool Has(HttpRequest request, string parameter) => request.Query.ContainsKey(parameter);

    protected sealed record ACustomer(Actor Actor, Bucket Bucket, MadeAccessKey Full, MadeAccessKey Reading);
}
