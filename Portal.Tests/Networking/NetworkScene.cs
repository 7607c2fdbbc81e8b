using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Networking;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Tests.Networking;

/// <summary>A customer who may create, the verbs of networking, and a worker's jobs on the engine in memory, advanced by hand.</summary>
public abstract class NetworkScene(TestPostgres postgres) : WorkerScene(postgres, AnAccount.Now)
{
    protected Actor Ada { get; private set; } = null!;

    /// <summary>The network that the account began with, its subnet and its group.</summary>
    protected Network Home { get; private set; } = null!;

    protected Subnet HomeSubnet { get; private set; } = null!;

    protected SecurityGroup HomeGroup { get; private set; } = null!;

    protected SecurityGroups Groups => new(this, Clock);

    protected Interfaces Interfaces => new(this, Clock);

    protected PublicAddresses Addresses => new(this, Clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Ada = await AnAccount.ReadyAsync(this);
        await using var db = CreateDbContext();
        Home = await db.Networks.AsNoTracking().SingleAsync(network => network.AccountId == Ada.AccountId, Ct);
        HomeSubnet = await db.Subnets.AsNoTracking().SingleAsync(subnet => subnet.NetworkId == Home.Id, Ct);
        HomeGroup = await db.SecurityGroups.AsNoTracking().SingleAsync(group => group.NetworkId == Home.Id, Ct);
    }

    /// <summary>What these are about, and no other job: what another has to do stays as it is.</summary>
    protected override ServiceProvider NewWorker() =>
        new ServiceCollection()
            .AddSingleton<IDbContextFactory<PortalDb>>(this)
            .AddSingleton(Source)
            .AddEngine(Engine)
            .AddSingleton<TimeProvider>(Clock)
            .AddSingleton(new RegionName("local"))
            .AddSingleton<Nudges>()
            .AddSingleton<NetworkApplier>()
            .AddResourceJob<IInstanceJob, InstanceJob>("i")
            .AddResourceJob<INetworkJob, NetworkJob>("vpc")
            .AddResourceJob<IInterfaceJob, InterfaceJob>("eni")
            .AddTransient<NetworkSweep>()
            .AddTransient<InterfaceSweep>()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .BuildServiceProvider();

    protected async Task RunAsync(string id, InstanceAction action)
    {
        Assert.Null((await new ChangeInstance(this, Clock).RunAsync(Ada, action, id, Ct)).Outcome.Reason);
        await SettleAsync();
    }

    protected static T Done<T>(Outcome<T> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    /// <summary>An instance in the database, and running in the engine if <paramref name="running"/>.</summary>
    protected async Task<Instance> InstanceAsync(bool running = true, Actor? of = null)
    {
        var image = await RunningMachines.ReadyToCreateAsync(this, (of ?? Ada).AccountId);
        var made = Done(await new CreateInstance(this, Clock).RunAsync(of ?? Ada, AnAccount.Wish(image), Ct))[0];
        if (running)
        {
            await SettleAsync();
        }

        return made;
    }

    /// <summary>Advances everything that is unsettled, as nudges and sweeps would, until nothing is.</summary>
    protected Task SettleAsync() => Settle.AllAsync(UnsettledAsync, AdvanceAsync);

    protected Task<Network> NetworkAsync(string id) =>
        ReadAsync(db => db.Networks.AsNoTracking().SingleAsync(network => network.Id == id, Ct));

    protected Task<NetworkInterface> InterfaceOfAsync(string instanceId, int position = 0) =>
        ReadAsync(db =>
            db.NetworkInterfaces.AsNoTracking()
                .Include(networkInterface => networkInterface.Groups)
                .SingleAsync(networkInterface => networkInterface.InstanceId == instanceId && networkInterface.Position == position, Ct)
        );

    protected Task<List<UsageSpan>> SpansAsync(string id) =>
        ReadAsync(db => db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == id).OrderBy(span => span.From).ToListAsync(Ct));

    protected Task<List<string>> AuditAsync(string id) =>
        ReadAsync(db =>
            db.AuditEntries.Where(row => row.ResourceId == id).OrderBy(row => row.Id).Select(row => row.Action).ToListAsync(Ct)
        );

    /// <summary>Of what this worker has jobs for.</summary>
    private Task<List<string>> UnsettledAsync() =>
        ReadAsync(async db =>
            (await Unfinished.InRegionsAsync(db, Ct))
                .ConvertAll(one => one.Id)
                .FindAll(id => Worker.GetKeyedService<IResourceJob>(ResourceIds.Prefix(id)) is not null)
        );
}
