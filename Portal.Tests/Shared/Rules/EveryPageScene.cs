using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>Accounts with so many of everything that has a page.</summary>
public abstract class EveryPageScene(TestPostgres postgres) : ServedTests(postgres)
{
    protected const string Wide = "Ada's \"odd\" name & more";
    protected const string Loading = ".skeleton, .mud-skeleton, [aria-busy=true]";

    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>So many of each for the account. The first of each, by its page's route.</summary>
    protected async Task<Dictionary<string, string>> FillAsync(Person person, int count)
    {
        var actor = new Actor(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        await using (var db = CreateDbContext())
        {
            await db
                .Accounts.Where(account => account.Id == person.AccountId)
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(account => account.InstanceLimit, 100)
                            .SetProperty(account => account.VcpuLimit, 400)
                            .SetProperty(account => account.VolumeLimit, 400)
                            .SetProperty(account => account.AddressLimit, 20)
                            .SetProperty(account => account.VolumeGiBLimit, 10_000),
                    Ct
                );
        }

        for (var number = 0; number < count; number++)
        {
            foreach (var (route, id) in await AddAsync(actor, number))
            {
                first.TryAdd(route, id);
            }
        }

        await AddUseAsync(actor, first["/instances/{Id}"]);
        return first;
    }

    protected async Task<IEnumerable<(string Route, string Id)>> AddAsync(Actor actor, int number)
    {
        var services = Server.Services;
        var name = number == 0 ? Wide : string.Create(CultureInfo.InvariantCulture, $"web-{number}");
        var instance = await RunningMachines.AddAsync(this, null, actor, name);
        var volume = Made(
            await new CreateVolume(this, TimeProvider.System).RunAsync(
                actor,
                new NewVolume
                {
                    Name = name,
                    SizeGiB = 1,
                    RequestToken = ResourceIds.New("t"),
                    Tags = new Dictionary<string, string> { ["env"] = Wide },
                },
                Ct
            )
        );
        await using var db = CreateDbContext();
        (await db.Volumes.SingleAsync(one => one.Id == volume.Id, Ct)).ObserveMade(1);
        await db.SaveChangesAsync(Ct);
        var snapshots = new CreateSnapshot(this, TimeProvider.System);
        var snapshot = Made(await snapshots.RunAsync(actor, new NewSnapshot(volume.Id, name, ResourceIds.New("t")), Ct));
        var image = Made(
            await new CreateImage(this, snapshots, TimeProvider.System).RunAsync(
                actor,
                new NewPrivateImage(instance, name, Wide, ResourceIds.New("t")),
                Ct
            )
        );
        foreach (var taken in await db.Snapshots.Where(one => one.AccountId == actor.AccountId).ToListAsync(Ct))
        {
            taken.Observe(new SnapshotObservation(true, 1 << 20, TimeProvider.System.GetUtcNow(), true), TimeProvider.System.GetUtcNow());
        }

        await db.SaveChangesAsync(Ct);
        var network = Made(
            await new CreateNetwork(this, TimeProvider.System).RunAsync(
                actor,
                new NewNetwork
                {
                    Name = name,
                    Range = string.Create(CultureInfo.InvariantCulture, $"10.{100 + number}.0.0/16"),
                    Subnets = [new NewSubnet("first", string.Create(CultureInfo.InvariantCulture, $"10.{100 + number}.0.0/24"))],
                    RequestToken = ResourceIds.New("t"),
                },
                Ct
            )
        );
        var group = Made(
            await new SecurityGroups(this, TimeProvider.System).CreateAsync(
                actor,
                network.Id,
                name,
                [new NewRule(RuleDirection.Inbound, TransportProtocol.Tcp, 22, 22, NewRule.Anywhere, null, Wide)],
                Ct
            )
        );
        Made(await new PublicAddresses(this, TimeProvider.System).AllocateAsync(actor, "local", name, Ct));
        var secrets = services.GetRequiredService<BucketSecrets>();
        var user =
            await db.ObjectStoreUsers.SingleOrDefaultAsync(one => one.AccountId == actor.AccountId, Ct)
            ?? await BucketRows.AddUserAsync(db, secrets, actor.AccountId, "http://127.0.0.1:1");
        var bucket = await BucketRows.AddBucketAsync(db, user, ResourceIds.New("bucket"));
        Made(
            await services
                .GetRequiredService<AccessKeys>()
                .CreateAsync(actor, new NewAccessKey(name, KeyRights.ReadOnly, bucket.Id, ResourceIds.New("t")), Ct)
        );
        return
        [
            ("/instances/{Id}", instance),
            ("/volumes/{Id}", volume.Id),
            ("/snapshots/{Id}", snapshot.Id),
            ("/images/{Id}", image.Id),
            ("/networks/{Id}", network.Id),
            ("/security-groups/{Id}", group.Id),
            ("/buckets/{Id}", bucket.Name),
        ];
    }

    /// <summary>Measured, watched, backed up, and counted on the bill, so little of it too that two digits show none.</summary>
    protected async Task AddUseAsync(Actor actor, string instance)
    {
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        var root = await db
            .Volumes.Where(volume => volume.InstanceId == instance && volume.IsRoot)
            .Select(volume => volume.Id)
            .SingleAsync(Ct);
        Assert.Null((await new BackupSchedules(this, TimeProvider.System).SetAsync(actor, root, BackupWish.Default, Ct)).Reason);
        Assert.Null(
            (
                await new AlertRules(this, TimeProvider.System).CreateAsync(
                    actor,
                    instance,
                    new AlertWish(Metric.Cpu, AlertSide.Above, 80, 5, actor.UserId),
                    Ct
                )
            ).Reason
        );
        db.MetricSamples.AddRange(
            Enumerable
                .Range(1, 30)
                .Select(minute => new MetricSample
                {
                    AccountId = actor.AccountId,
                    ResourceId = instance,
                    Resolution = 1,
                    At = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(-minute),
                    Cpu = minute,
                    NetworkIn = minute * 1e6f,
                })
        );
        db.UsageSpans.Add(
            new UsageSpan
            {
                AccountId = actor.AccountId,
                ResourceId = instance,
                ResourceName = Wide,
                Sku = Skus.BucketOut,
                Quantity = 0.0000001m,
                From = now.AddHours(-1),
                To = now,
            }
        );
        await db.SaveChangesAsync(Ct);
    }

    protected async Task AddTroubleAsync()
    {
        await using var db = CreateDbContext();
        db.Add(
            new Incident
            {
                ResourceId = "i-0123",
                Kind = "deadline",
                Message = "It has been pending for 6 min.",
                OpenedAt = TimeProvider.System.GetUtcNow(),
            }
        );
        var failing = await db.Instances.OrderByDescending(instance => instance.CreatedAt).FirstAsync(Ct);
        failing.Fail("The host could not write to its disk.");
        await db.SaveChangesAsync(Ct);
    }

    protected static T Made<T>(Outcome<T> outcome)
        where T : class => outcome.Value ?? throw new InvalidOperationException(outcome.Reason);
}
