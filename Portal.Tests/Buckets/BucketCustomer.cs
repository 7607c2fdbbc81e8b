using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>A customer, the region's object store in memory, and the worker's jobs, which run when the test says so.</summary>
internal sealed class BucketCustomer : IAsyncDisposable
{
    private readonly IDbContextFactory<PortalDb> dbs;
    private readonly ServiceProvider services;

    private BucketCustomer(
        IDbContextFactory<PortalDb> dbs,
        ServiceProvider services,
        InMemoryStore store,
        FakeTimeProvider clock,
        Actor actor
    ) => (this.dbs, this.services, Store, Clock, Actor) = (dbs, services, store, clock, actor);

    public InMemoryStore Store { get; }

    public FakeTimeProvider Clock { get; }

    public Actor Actor { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<BucketCustomer> AddAsync(IDbContextFactory<PortalDb> dbs, Npgsql.NpgsqlDataSource source)
    {
        var clock = new FakeTimeProvider(AnAccount.Now);
        var store = new InMemoryStore(clock);
        var services = WorkerServices.Of(dbs, source, new InMemoryEngine(), clock, store);
        await using var db = await dbs.CreateDbContextAsync(Ct);
        db.ObjectStores.Add(
            new ObjectStore
            {
                Id = "local",
                Endpoint = "http://127.0.0.1:9",
                AdminKeyId = "admin",
                SealedAdminSecret = services.GetRequiredService<BucketSecrets>().Admin.Seal("secret"),
                SeenAt = clock.GetUtcNow(),
            }
        );
        await db.SaveChangesAsync(Ct);
        return new BucketCustomer(dbs, services, store, clock, await AnAccount.ReadyAsync(dbs));
    }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Somebody else with the same store.</summary>
    public async Task<BucketCustomer> AddAnotherAsync() => new(dbs, services, Store, Clock, await AnAccount.ReadyAsync(dbs));

    public async Task<Bucket> RequestAsync(string name = "photos")
    {
        var made = await Get<CreateBucket>().RunAsync(Actor, new NewBucket(name, Guid.NewGuid().ToString("N")), Ct);
        Assert.Null(made.Reason);
        return made.Value!;
    }

    /// <summary>A bucket that is there.</summary>
    public async Task<Bucket> AddBucketAsync(string name = "photos")
    {
        var bucket = await RequestAsync(name);
        await SettleAsync();
        return await LoadAsync(bucket);
    }

    public async Task<MadeAccessKey> RequestKeyAsync(KeyRights rights = KeyRights.ReadWrite, Bucket? bucket = null)
    {
        var made = await Get<AccessKeys>()
            .CreateAsync(Actor, new NewAccessKey("backup", rights, bucket?.Id, Guid.NewGuid().ToString("N")), Ct);
        Assert.Null(made.Reason);
        return made.Value!;
    }

    /// <summary>Makes one with another tool than Portal; it has a row once buckets were measured.</summary>
    public async Task<BucketInStore> MakeElsewhereAsync(string name = "photos") =>
        await Store.EnsureBucketAsync((await UserAsync()).Id, await OwnKeyAsync(), name, Ct);

    /// <summary>Deletes it with another tool.</summary>
    public async Task DeleteElsewhereAsync(Bucket bucket)
    {
        await EmptyElsewhereAsync(bucket);
        Assert.True(await Store.DeleteBucketAsync(await OwnKeyAsync(), bucket.InStore(), Ct));
    }

    public async Task EmptyElsewhereAsync(Bucket bucket) =>
        Assert.True((await Store.EmptyAsync(await OwnKeyAsync(), bucket.InStore(), Ct)).IsEmpty);

    public async Task<StoreKey> OwnKeyAsync() => Get<RegionStore>().KeyOf(await UserAsync());

    /// <summary>What signs like the customer's programs.</summary>
    public async Task<StoreKey> AddKeyAsync(KeyRights rights = KeyRights.ReadWrite, Bucket? bucket = null)
    {
        var made = await RequestKeyAsync(rights, bucket);
        await SettleAsync();
        Assert.Equal("active", (await LoadAsync(made.Key)).Status);
        return new StoreKey(made.Key.AccessKeyId, made.Secret!);
    }

    public Task AdvanceAsync(string id) => services.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id)).AdvanceAsync(id, Ct);

    /// <summary>Advances as the nudges and the sweeps would, until nothing is left to do.</summary>
    public Task SettleAsync() => Settle.AllAsync(UnsettledAsync, AdvanceAsync);

    public async Task<List<string>> UnsettledAsync()
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        var isFull = await db.ObjectStores.AnyAsync(store => store.FullSince != null && store.Source == StoreSource.Embedded, Ct);
        var accounts = await db.Accounts.AsNoTracking().ToDictionaryAsync(account => account.Id, Ct);
        return
        [
            .. (await db.ObjectStoreUsers.AsNoTracking().ToListAsync(Ct))
                .Where(user => user.IsUnsettled(accounts[user.AccountId], isFull))
                .Select(user => user.Id),
            .. (await db.Buckets.AsNoTracking().ToListAsync(Ct)).Where(bucket => bucket.IsUnsettled).Select(bucket => bucket.Id),
            .. (await db.AccessKeys.AsNoTracking().ToListAsync(Ct))
                .Where(key =>
                    key.IsUnsettled(Clock.GetUtcNow())
                    || (
                        key is { IsLimited: true, State: AccessKeyState.Active }
                        && key.IsSuspended != (accounts[key.AccountId].SuspendedAt is not null)
                    )
                )
                .Select(key => key.Id),
        ];
    }

    public async Task SuspendAsync(bool isSuspended)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        (await db.Accounts.SingleAsync(account => account.Id == Actor.AccountId, Ct)).SuspendedAt = isSuspended ? Clock.GetUtcNow() : null;
        await db.SaveChangesAsync(Ct);
    }

    public async Task CloseAsync()
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        await StoreUsers.RequestRemovalAsync(db, Actor, Clock.GetUtcNow(), Ct);
        await db.SaveChangesAsync(Ct);
    }

    public async Task<List<Bucket>> BucketsAsync()
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db
            .Buckets.AsNoTracking()
            .Where(bucket => bucket.AccountId == Actor.AccountId)
            .OrderBy(bucket => bucket.Name)
            .ToListAsync(Ct);
    }

    public async Task<Bucket> LoadAsync(Bucket bucket)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db.Buckets.AsNoTracking().SingleAsync(row => row.Id == bucket.Id, Ct);
    }

    public async Task<AccessKey> LoadAsync(AccessKey key)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db.AccessKeys.AsNoTracking().SingleAsync(row => row.Id == key.Id, Ct);
    }

    public async Task<ObjectStoreUser> UserAsync()
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.AccountId == Actor.AccountId, Ct);
    }

    public async Task<List<UsageSpan>> SpansAsync(Bucket bucket)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.ResourceId == bucket.Id)
            .OrderBy(span => span.From)
            .ThenBy(span => span.Sku)
            .ToListAsync(Ct);
    }

    public async Task<List<Incident>> IncidentsAsync(string resourceId)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await db.Incidents.AsNoTracking().Where(incident => incident.ResourceId == resourceId).ToListAsync(Ct);
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();
}
