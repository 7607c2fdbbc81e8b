using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>The web and the worker on a real Ceph, and customers of theirs.</summary>
public sealed class BucketsAtWork : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly IDbContextFactory<PortalDb> dbs;
    private readonly WorkerServer worker;

    private BucketsAtWork(IDbContextFactory<PortalDb> dbs, PortalServer server, WorkerServer worker, InMemoryEngine engine) =>
        (this.dbs, Server, this.worker, Engine) = (dbs, server, worker, engine);

    public PortalServer Server { get; }

    /// <summary>What the worker drives besides the store.</summary>
    public InMemoryEngine Engine { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="settings">How the worker finds the store; the folder of the embedded one unless told.</param>
    public static async Task<BucketsAtWork> StartAsync(
        IDbContextFactory<PortalDb> dbs,
        string database,
        TestCeph ceph,
        params (string Key, string Value)[] settings
    )
    {
        await ceph.StartAsync();
        var server = await PortalServer.StartAsync(database);
        var engine = new InMemoryEngine();
        var work = new BucketsAtWork(
            dbs,
            server,
            await WorkerServer.StartAsync(database, engine, settings.Length > 0 ? settings : [("ObjectStore:Folder", ceph.Folder)]),
            engine
        );
        await Until.TrueAsync(
            async () =>
                await work.InDatabaseAsync(db => db.ObjectStores.AnyAsync(store => store.SeenAt != null && store.AwaySince == null, Ct)),
            Patience
        );
        return work;
    }

    /// <summary>Somebody with a confirmed address and a card.</summary>
    public async Task<Person> AddCustomerAsync()
    {
        var person = await Server.AddPersonAsync();
        await InDatabaseAsync(async db =>
        {
            db.Add(AnAccount.ACard(person.AccountId));
            return await db.SaveChangesAsync(Ct);
        });
        return person;
    }

    /// <summary>Its name, once it is there.</summary>
    public async Task<string> AddBucketAsync(Person customer)
    {
        var made = (
            await Get<CreateBucket>()
                .RunAsync(ActorOf(customer), new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        await Until.TrueAsync(
            async () =>
                await InDatabaseAsync(db =>
                    db.Buckets.AnyAsync(bucket => bucket.Id == made.Id && bucket.State == BucketState.Available, Ct)
                ),
            Patience
        );
        return made.Name;
    }

    public Task<bool> IsThereAsync(string name) =>
        InDatabaseAsync(db => db.Buckets.AnyAsync(bucket => bucket.Name == name && bucket.State != BucketState.Deleted, Ct));

    /// <summary>With everything in them; they go in their own time.</summary>
    public async Task DeleteAsync(Person customer, params string[] names)
    {
        foreach (
            var id in await InDatabaseAsync(db =>
                db.Buckets.Where(bucket => names.Contains(bucket.Name)).Select(bucket => bucket.Id).ToListAsync(Ct)
            )
        )
        {
            var done = await Get<ChangeBucket>().DeleteAsync(ActorOf(customer), id, emptyFirst: true, Ct);
            Assert.Null(done.Outcome.Reason);
        }
    }

    public async Task<MadeAccessKey> RequestKeyAsync(Person customer, KeyRights rights)
    {
        var made = (
            await Get<AccessKeys>()
                .CreateAsync(ActorOf(customer), new NewAccessKey("backup", rights, null, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        return made;
    }

    public async Task<StoreKey> ActiveAsync(MadeAccessKey made)
    {
        await StateAsync(made, AccessKeyState.Active);
        return new StoreKey(made.Key.AccessKeyId, made.Secret!);
    }

    public async Task<StoreKey> AddKeyAsync(Person customer, KeyRights rights = KeyRights.ReadWrite) =>
        await ActiveAsync(await RequestKeyAsync(customer, rights));

    public async Task RevokeAsync(Person customer, MadeAccessKey made)
    {
        Assert.Null((await Get<AccessKeys>().RevokeAsync(ActorOf(customer), made.Key.Id, Ct)).Reason);
        await StateAsync(made, AccessKeyState.Revoked);
    }

    public Task ChangeAsync(Person customer, Action<Account> change) =>
        InDatabaseAsync(async db =>
        {
            change(await db.Accounts.SingleAsync(account => account.Id == customer.AccountId, Ct));
            return await db.SaveChangesAsync(Ct);
        });

    public Task RemoveAsync(Person customer) =>
        InDatabaseAsync(async db =>
        {
            await StoreUsers.RequestRemovalAsync(db, ActorOf(customer), TimeProvider.System.GetUtcNow(), Ct);
            return await db.SaveChangesAsync(Ct);
        });

    public Task<ObjectStoreUser> UserAsync(Person customer) =>
        InDatabaseAsync(db => db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.AccountId == customer.AccountId, Ct));

    public async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await Server.DisposeAsync();
    }

    private static Actor ActorOf(Person person) => new(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);

    private T Get<T>()
        where T : notnull => Server.Services.GetRequiredService<T>();

    private Task StateAsync(MadeAccessKey made, AccessKeyState state) =>
        Until.TrueAsync(
            async () => await InDatabaseAsync(db => db.AccessKeys.AnyAsync(key => key.Id == made.Key.Id && key.State == state, Ct)),
            Patience
        );

    private async Task<T> InDatabaseAsync<T>(Func<PortalDb, Task<T>> work)
    {
        await using var db = await dbs.CreateDbContextAsync(Ct);
        return await work(db);
    }
}
