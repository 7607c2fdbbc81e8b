using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Compute;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Operators;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;
using Portal.Worker.Monitoring;
using Portal.Worker.Operators;

namespace Portal.Tests.Releases;

/// <content>What a customer has, what the worker writes about it, and what waits for the worker.</content>
internal sealed partial class Everything
{
    private async Task AddMachinesAsync(Actor actor)
    {
        await Worker<RegionPatrol>().SweepAsync(Ct);
        var image = await RunningMachines.ReadyToCreateAsync(owner, actor.AccountId);
        var key = Done(await Web<KeyPairs>().ImportAsync(actor, "laptop", AnAccount.Ed25519, Ct));
        var instance = Done(
            await Web<CreateInstance>().RunAsync(actor, AnAccount.Wish(image) with { KeyPairId = key.Id, PublicKey = null }, Ct)
        )[0];
        await SettleAsync();
        names["/keys"] = key.Name;
        names[$"/instances/{instance.Id}"] = instance.Name;
        await AddVolumesAsync(actor, instance);
        await AddNetworksAsync(actor, instance);
        Done(await Web<AlertRules>().CreateAsync(actor, instance.Id, new AlertWish(Metric.Cpu, AlertSide.Above, 50, 5, actor.UserId), Ct));

        // So long that it costs something, and not at the beginning of a month, which would be another bill's.
        var use = TimeSpan.FromHours(30);
        clock.Advance((clock.GetUtcNow() + use).Day is 1 ? use * 2 : use);
        await using var db = asWorker.CreateDbContext();
        await MetricHistory.WriteAsync(
            db,
            [(actor.AccountId, instance.Id, new Usage(25, 50, 1e6f, 1e6f, 10, 10, 1e5f, 1e5f))],
            new DateTimeOffset(clock.GetUtcNow().Ticks / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute, TimeSpan.Zero),
            Ct
        );
    }

    private async Task AddVolumesAsync(Actor actor, Instance instance)
    {
        var kept = Done(await Web<CreateVolume>().RunAsync(actor, AVolume("kept"), Ct));
        var attached = Done(await Web<CreateVolume>().RunAsync(actor, AVolume("attached"), Ct));
        await SettleAsync();
        Done((await Web<ChangeVolume>().AttachAsync(actor, attached.Id, instance.Id, false, Ct)).Outcome);
        Done(await Web<BackupSchedules>().SetAsync(actor, kept.Id, BackupWish.Default, Ct));
        var before = Done(await Web<CreateSnapshot>().RunAsync(actor, new NewSnapshot(kept.Id, "before", Token), Ct));
        var golden = Done(await Web<CreateImage>().RunAsync(actor, new NewPrivateImage(instance.Id, "golden", "", Token), Ct));
        await SettleAsync();
        (names[$"/volumes/{kept.Id}"], names[$"/snapshots/{before.Id}"], names[$"/images/{golden.Id}"]) = ("kept", "before", "golden");
    }

    private static NewVolume AVolume(string name) =>
        new()
        {
            Name = name,
            SizeGiB = 100,
            RequestToken = Token,
        };

    private async Task AddNetworksAsync(Actor actor, Instance instance)
    {
        var address = Done(await Web<PublicAddresses>().AllocateAsync(actor, "local", "web", Ct));
        var first = await ReadAsync(db => db.NetworkInterfaces.SingleAsync(one => one.InstanceId == instance.Id, Ct));
        Done(await Web<PublicAddresses>().AssociateAsync(actor, address.Id, first.Id, Ct));
        var inner = Done(
            await Web<CreateNetwork>()
                .RunAsync(
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
        NewRule[] rules = [new(RuleDirection.Inbound, TransportProtocol.Tcp, 80, 80, NewRule.Anywhere, null)];
        var group = Done(await Web<SecurityGroups>().CreateAsync(actor, instance.NetworkId, "web servers", rules, Ct));
        Done(await Web<Interfaces>().SetGroupsAsync(actor, first.Id, [group.Id], Ct));
        Done(await Web<Peerings>().CreateAsync(actor, instance.NetworkId, inner.Id, "both", Ct));
        await SettleAsync();
        (names[$"/networks/{inner.Id}"], names[$"/security-groups/{group.Id}"], names["/addresses"]) = ("inner", group.Name, "web");
    }

    /// <summary>In the store that the region has, while an operator enters another.</summary>
    private async Task AddBucketsAsync(Actor actor, Actor admin)
    {
        var sealing = Web<BucketSecrets>();
        var (there, another) = (BucketSecrets.Make(), BucketSecrets.Make());
        (secrets["ObjectStores.SealedAdminSecret"], secrets["ObjectStoreChanges.SealedAdminSecret"]) = (there.Secret, another.Secret);
        await using (var db = owner.CreateDbContext())
        {
            db.ObjectStores.Add(
                new ObjectStore
                {
                    Id = "local",
                    Endpoint = "http://127.0.0.1:9",
                    AdminKeyId = there.AccessKeyId,
                    SealedAdminSecret = sealing.Admin.Seal(there.Secret),
                    Source = StoreSource.Operator,
                    SeenAt = clock.GetUtcNow(),
                }
            );
            await db.SaveChangesAsync(Ct);
        }

        var bucket = Done(await Web<CreateBucket>().RunAsync(actor, new NewBucket("photos-of-ada", Token), Ct));
        Done(await Web<AccessKeys>().CreateAsync(actor, new NewAccessKey("reading", KeyRights.ReadOnly, bucket.Id, Token), Ct));
        await SettleAsync();
        await Worker<BucketMetering>().SweepAsync(Ct);
        Done(await Web<ChangeObjects>().DeleteAsync(actor, bucket.Id, ObjectSelection.Of("old.txt"), "Deleting “old.txt”", Ct));
        var user = await ReadAsync(db => db.ObjectStoreUsers.SingleAsync(Ct));
        secrets["ObjectStoreUsers.SealedSecret"] = sealing.Project.Open(user.SealedSecret)!;
        (names[$"/buckets/{bucket.Name}"], names["/access-keys"]) = (bucket.Name, "reading");
        Done(
            await Web<EnterObjectStore>()
                .RunAsync(
                    admin,
                    "local",
                    new NewObjectStore
                    {
                        Endpoint = "http://127.0.0.1:8",
                        AdminKeyId = another.AccessKeyId,
                        Secret = another.Secret,
                    },
                    Ct
                )
        );
    }

    private async Task AddTroubleAsync(Actor actor)
    {
        await using var db = asWorker.CreateDbContext();
        await Incidents.OpenAsync(db, actor.AccountId, "i-0123", IncidentKinds.Lost, "It is not there.", clock.GetUtcNow(), Ct);
        await Worker<MachinePatrol>().SweepAsync(Ct);
    }

    /// <summary>What is asked for while no worker is there: secrets on their way among it.</summary>
    private async Task AddWaitingAsync(Actor actor)
    {
        var instance = await ReadAsync(db => db.Instances.Select(instance => instance.Id).SingleAsync(Ct));
        Done(await Web<ConsoleTickets>().IssueAsync(actor, instance, ConsoleKind.Text, Ct));
        var hash = GuestPassword.Hash("correct horse");
        Done(await Web<ChangeGuest>().SetPasswordAsync(actor, instance, hash, Ct));
        var made = Done(await Web<AccessKeys>().CreateAsync(actor, new NewAccessKey("waiting", KeyRights.ReadWrite, null, Token), Ct));
        (secrets["GuestRequests.SealedHash"], secrets["AccessKeys.SealedSecret"]) = (hash, made.Secret!);
        names["/audit"] = actor.Email;
    }

    /// <summary>One of each kind in the queue, as if the worker had been away when it was told.</summary>
    private void AddJobs()
    {
        var jobs = web.Services.GetRequiredService<IBackgroundJobClient>();
        foreach (
            var type in typeof(PortalDb)
                .Assembly.GetTypes()
                .Where(type => type.IsInterface && !type.IsGenericType && type.Name.EndsWith("Job", StringComparison.Ordinal))
        )
        {
            foreach (var method in type.GetMethods().Concat(type.GetInterfaces().SelectMany(of => of.GetMethods())))
            {
                object[] arguments =
                [
                    .. method
                        .GetParameters()
                        .Select(parameter =>
                            parameter.ParameterType == typeof(CancellationToken) ? CancellationToken.None
                            : parameter.ParameterType == typeof(Guid) ? Guid.Empty
                            : (object)"none"
                        ),
                ];
                jobs.Create(new Job(type, method, arguments), new EnqueuedState("default"));
            }
        }
    }

    private Task SettleAsync() =>
        Settle.AllAsync(UnsettledAsync, id => worker.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id)).AdvanceAsync(id, Ct));

    private async Task<List<string>> UnsettledAsync()
    {
        await using var db = owner.CreateDbContext();
        var accounts = await db.Accounts.AsNoTracking().ToDictionaryAsync(account => account.Id, Ct);
        return
        [
            .. (await Unfinished.InRegionsAsync(db, Ct)).Select(one => one.Id),
            .. (await db.ObjectStoreUsers.AsNoTracking().ToListAsync(Ct))
                .Where(user => user.IsUnsettled(accounts[user.AccountId], isStoreFull: false))
                .Select(user => user.Id),
            .. (await db.Buckets.AsNoTracking().ToListAsync(Ct)).Where(bucket => bucket.IsUnsettled).Select(bucket => bucket.Id),
            .. (await db.AccessKeys.AsNoTracking().ToListAsync(Ct)).Where(key => key.IsUnsettled(clock.GetUtcNow())).Select(key => key.Id),
        ];
    }
}
