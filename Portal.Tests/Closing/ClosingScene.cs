using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Closing;

/// <summary>
/// Customers who have something of every kind, an engine and an object store in memory, and the worker's jobs, which run when the test says
/// so.
/// </summary>
public abstract class ClosingScene(TestPostgres postgres) : TestDatabase(postgres)
{
    protected const string FollowAt = "https://portal.example.com/closing/ticket";

    private ServiceProvider worker = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Clock { get; } = new(AnAccount.Now);

    private protected InMemoryEngine Engine { get; } = new();

    protected InMemoryStore Store { get; private set; } = null!;

    protected CloseAccount Close => new(this, Clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Store = new InMemoryStore(Clock) { Batch = 3 };
        worker = WorkerServices.Of(this, Source, Engine, Clock, Store);
        await using var db = CreateDbContext();
        db.ObjectStores.Add(
            new ObjectStore
            {
                Id = "local",
                Endpoint = "http://127.0.0.1:9",
                AdminKeyId = "admin",
                SealedAdminSecret = Get<BucketSecrets>().Admin.Seal("secret"),
                SeenAt = AnAccount.Now,
            }
        );
        await db.SaveChangesAsync(Ct);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await worker.DisposeAsync();
        await base.DisposeAsync();
    }

    protected T Get<T>()
        where T : notnull => worker.GetRequiredService<T>();

    /// <summary>
    /// Somebody with a running instance, a volume that outlives it, one that is attached, a schedule, a snapshot, an image, an address,
    /// peered networks, keys, an alert, and full buckets.
    /// </summary>
    protected async Task<Actor> SomebodyAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await RunningMachines.ReadyToCreateAsync(this, actor.AccountId);
        var instance = Done(await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(image), Ct))[0];
        await SettleAsync();
        await AddVolumesAsync(actor, instance);
        await AddNetworksAsync(actor, instance);
        Assert.Null(
            (
                await new AlertRules(this, Clock).CreateAsync(
                    actor,
                    instance.Id,
                    new AlertWish(Metric.Cpu, AlertSide.Above, 50, 5, actor.UserId),
                    Ct
                )
            ).Reason
        );
        await AddBucketsAsync(actor);
        return actor;
    }

    /// <summary>As nudges and sweeps would, each job twice, until the account is closed; how often it looked.</summary>
    protected async Task<int> CloseToTheEndAsync(string accountId)
    {
        for (var round = 1; round <= 100; round++)
        {
            await AdvanceAsync(accountId);
            await AdvanceAsync(accountId);
            await SettleAsync();
            Clock.Advance(TimeSpan.FromSeconds(20));
            await Get<BucketMetering>().SweepAsync(Ct);
            if ((await AccountAsync(accountId)).ClosedAt is not null)
            {
                return round;
            }
        }

        throw new InvalidOperationException(
            $"It was not closed: {await ReadAsync(db => AccountContents.OfAsync(db, accountId, Ct))}; {string.Join(", ", await UnsettledAsync())}"
        );
    }

    protected Task AdvanceAsync(string id) => Job(id).AdvanceAsync(id, Ct);

    /// <summary>The worker's job for what has this id.</summary>
    protected IResourceJob Job(string id) => worker.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id));

    protected Task SettleAsync() => Settle.AllAsync(UnsettledAsync, AdvanceAsync);

    protected Task<Account> AccountAsync(string id) =>
        ReadAsync(db => db.Accounts.AsNoTracking().SingleAsync(account => account.Id == id, Ct));

    protected async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = CreateDbContext();
        return await read(db);
    }

    protected static T Done<T>(Outcome<T> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private async Task AddVolumesAsync(Actor actor, Instance instance)
    {
        var kept = Done(
            await new CreateVolume(this, Clock).RunAsync(
                actor,
                new NewVolume
                {
                    Name = "kept",
                    SizeGiB = 4,
                    RequestToken = Token,
                },
                Ct
            )
        );
        var attached = Done(
            await new CreateVolume(this, Clock).RunAsync(
                actor,
                new NewVolume
                {
                    Name = "attached",
                    SizeGiB = 4,
                    RequestToken = Token,
                },
                Ct
            )
        );
        await SettleAsync();
        Assert.Null(
            (await Get<ChangeVolume>().AttachAsync(actor, attached.Id, instance.Id, deleteOnTermination: false, Ct)).Outcome.Reason
        );
        Assert.Null(
            (
                await Get<BackupSchedules>()
                    .SetAsync(actor, kept.Id, new BackupWish(new BackupTimes(BackupFrequency.Daily, DayOfWeek.Monday, 3), 2), Ct)
            ).Reason
        );
        Done(await Get<CreateSnapshot>().RunAsync(actor, new NewSnapshot(kept.Id, "before", Token), Ct));
        Done(
            await new CreateImage(this, Get<CreateSnapshot>(), Clock).RunAsync(
                actor,
                new NewPrivateImage(instance.Id, "golden", "", Token),
                Ct
            )
        );
        await SettleAsync();
    }

    private async Task AddNetworksAsync(Actor actor, Instance instance)
    {
        var address = Done(await Get<PublicAddresses>().AllocateAsync(actor, "local", "web", Ct));
        var card = await ReadAsync(db => db.NetworkInterfaces.SingleAsync(card => card.InstanceId == instance.Id, Ct));
        Done(await Get<PublicAddresses>().AssociateAsync(actor, address.Id, card.Id, Ct));
        Done(await Get<PublicAddresses>().AllocateAsync(actor, "local", "spare", Ct));
        var other = Done(
            await new CreateNetwork(this, Clock).RunAsync(
                actor,
                new NewNetwork
                {
                    Name = "inner",
                    Range = "10.9.0.0/16",
                    Subnets = [new NewSubnet("a", "10.9.0.0/24")],
                    RequestToken = Token,
                },
                Ct
            )
        );
        Done(await new Peerings(this, Clock).CreateAsync(actor, instance.NetworkId, other.Id, "both", Ct));
        await SettleAsync();
    }

    private async Task AddBucketsAsync(Actor actor)
    {
        var bucket = Done(await Get<CreateBucket>().RunAsync(actor, new NewBucket($"photos-{Guid.NewGuid():N}", Token), Ct));
        Done(await Get<AccessKeys>().CreateAsync(actor, new NewAccessKey("full", KeyRights.ReadWrite, null, Token), Ct));
        Done(await Get<AccessKeys>().CreateAsync(actor, new NewAccessKey("reading", KeyRights.ReadOnly, bucket.Id, Token), Ct));
        await SettleAsync();
        Store.Fill(bucket.Name, 10, 10 << 20);
        await Get<BucketMetering>().SweepAsync(Ct);
    }

    private static string Token => Guid.NewGuid().ToString("N");

    protected async Task<List<string>> UnsettledAsync()
    {
        await using var db = CreateDbContext();
        var accounts = await db.Accounts.AsNoTracking().ToDictionaryAsync(account => account.Id, Ct);
        return
        [
            .. (await Unfinished.InRegionsAsync(db, Ct)).Select(one => one.Id),
            .. (await db.ObjectStoreUsers.AsNoTracking().ToListAsync(Ct))
                .Where(user => user.IsUnsettled(accounts[user.AccountId], isStoreFull: false))
                .Select(user => user.Id),
            .. (await db.Buckets.AsNoTracking().ToListAsync(Ct)).Where(bucket => bucket.IsUnsettled).Select(bucket => bucket.Id),
            .. (await db.AccessKeys.AsNoTracking().ToListAsync(Ct)).Where(key => key.IsUnsettled(Clock.GetUtcNow())).Select(key => key.Id),
        ];
    }
}
