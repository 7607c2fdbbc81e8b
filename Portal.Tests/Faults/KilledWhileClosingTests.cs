using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Closing;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed in the middle of closing an account with machines and a full bucket in a real store.
/// </summary>
[Trait("Needs", "engine")]
public sealed class KilledWhileClosingTests(TestPostgres postgres, TestCeph ceph) : ServedTests(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly InMemoryEngine engine = new();
    private EngineServer machines = null!;
    private GatewayProxy proxy = null!;
    private int killedAtTheStore;

    /// <summary>In the order in which they come: what is in the buckets goes, then they, then who owned them.</summary>
    private static readonly Func<HttpRequest, bool>[] AtTheStore =
    [
        request => request.Method is "POST" && request.Query.ContainsKey("delete"),
        request => request.Method is "DELETE" && !GatewayProxy.IsAdmin(request),
        request => request.Method is "DELETE" && request.Path == "/admin/user" && !request.Query.ContainsKey("key"),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ceph.StartAsync();
        proxy = await GatewayProxy.StartAsync(ceph.Endpoint);
        machines = await EngineServer.StartAsync(engine);
    }

    public override async ValueTask DisposeAsync()
    {
        await machines.DisposeAsync();
        await proxy.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task It_is_taken_up_again_and_ends_once()
    {
        var ada = await AnAccount.ReadyAsync(this);
        var (bucket, key) = await FillAsync(ada);
        for (var number = 0; number < 3; number++)
        {
            await RunningMachines.AddAsync(this, engine, ada, $"machine-{number}");
        }

        Assert.Null(
            (await Server.Services.GetRequiredService<CloseAccount>().RunAsync(ada, "https://portal.example.com/closing/x", Ct)).Reason
        );

        // In the middle of machines, volumes and networks; and at the store before and after a call had its effect.
        foreach (var calls in Chaos.Some([1, 3, 6], sample: 1))
        {
            using var worker = await StartAsync();
            await machines.AfterCallsAsync(worker.Name, calls).WaitAsync(Patience, Ct);
            await worker.KillAsync();
        }

        var atTheStore = Chaos.Points(AtTheStore, sample: 2);
        foreach (var (isCall, point) in atTheStore)
        {
            await KillAtAsync(isCall, point);
        }

        Assert.True(killedAtTheStore >= atTheStore.Count / 2, $"Only {killedAtTheStore} workers came to the store: this proves nothing.");
        using var survivor = await StartAsync();
        await InDatabaseAsync(db => db.Accounts.AnyAsync(account => account.Id == ada.AccountId && account.ClosedAt != null, Ct));
        await AssertEndedOnceAsync(ada, bucket, key);
    }

    private Task<WorkerUnderFire> StartAsync() =>
        WorkerUnderFire.StartAsync(
            ConnectionString,
            ("engine", machines.Address),
            ("ObjectStore:Endpoint", proxy.Endpoint),
            ("ObjectStore:AdminKeyId", ceph.Access.Admin.AccessKeyId),
            ("ObjectStore:AdminSecret", ceph.Access.Admin.Secret)
        );

    /// <summary>Kills a worker as it makes such a call, if one ever does: what an earlier one had done is not done again.</summary>
    private async Task KillAtAsync(Func<HttpRequest, bool> isCall, FaultPoint point)
    {
        Task<WorkerUnderFire>? starting = null;
        var killed = proxy.KillAtFirst(isCall, point, async () => await (await starting!).KillAsync());
        starting = StartAsync();
        using var worker = await starting;
        await Until.TrueAsync(async () => killed.IsCompleted || await AreUsersGoneAsync(), Patience);
        killedAtTheStore += killed.IsCompleted ? 1 : 0;
        proxy.Interfere = (_, _) => Task.FromResult(Interference.None);
    }

    private async Task<bool> AreUsersGoneAsync()
    {
        await using var db = CreateDbContext();
        return await db.ObjectStoreUsers.AllAsync(user => user.State == ObjectStoreUserState.Removed, Ct);
    }

    private async Task<(Bucket Bucket, MadeAccessKey Key)> FillAsync(Actor actor)
    {
        using var worker = await StartAsync();
        await InDatabaseAsync(db => db.ObjectStores.AnyAsync(store => store.SeenAt != null && store.AwaySince == null, Ct));
        var bucket = (
            await Server
                .Services.GetRequiredService<CreateBucket>()
                .RunAsync(actor, new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        var key = (
            await Server
                .Services.GetRequiredService<AccessKeys>()
                .CreateAsync(actor, new NewAccessKey("full", KeyRights.ReadWrite, null, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        await InDatabaseAsync(async db =>
            await db.Buckets.AnyAsync(row => row.State == BucketState.Available, Ct)
            && await db.AccessKeys.AnyAsync(row => row.State == AccessKeyState.Active, Ct)
        );
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", new StoreKey(key.Key.AccessKeyId, key.Secret!));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 1500),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
            async (number, ct) =>
                await s3.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket.Name,
                        Key = $"{number:d6}",
                        ContentBody = "x",
                    },
                    ct
                )
        );
        return (bucket, key);
    }

    private async Task AssertEndedOnceAsync(Actor ada, Bucket bucket, MadeAccessKey key)
    {
        Assert.Empty(engine.Machines);
        Assert.Empty(engine.Volumes);
        Assert.DoesNotContain(await ceph.Store.BucketsAsync(Ct), held => held.Name == bucket.Name);
        await using var db = CreateDbContext();
        Assert.DoesNotContain((await db.ObjectStoreUsers.SingleAsync(Ct)).Id, await ceph.Store.UsersAsync(Ct));
        Assert.Equal(AccessKeyState.Revoked, (await db.AccessKeys.SingleAsync(row => row.Id == key.Key.Id, Ct)).State);
        Assert.Equal(0, (await AccountContents.OfAsync(db, ada.AccountId, Ct)).Left);
        Assert.Empty(await db.UsageSpans.Where(span => span.To == null).ToListAsync(Ct));
        Assert.Single(await db.Mails.Where(mail => mail.Subject == "Your Portal account is closed").ToListAsync(Ct));
        Assert.Single(await db.AuditEntries.Where(row => row.Action == "ObserveAccount").ToListAsync(Ct));
        Assert.Equal(3, await db.AuditEntries.CountAsync(row => row.Action == "TerminateInstances", Ct));
        Assert.Empty(await db.Incidents.Where(incident => incident.ClosedAt == null && incident.Kind == "deadline").ToListAsync(Ct));
        await new ThreeTruths(this) { Engine = engine, Store = ceph.Store }.AgreeAsync(Server);
    }

    private Task InDatabaseAsync(Func<Model.Shared.PortalDb, Task<bool>> isSo) =>
        Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await isSo(db);
            },
            Patience
        );
}
