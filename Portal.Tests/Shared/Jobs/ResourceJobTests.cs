using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Worker.Shared;

namespace Portal.Tests.Shared;

/// <summary>When a job comes back: soon while something is under way, and not by itself to an engine that is away.</summary>
[Trait("Needs", "database")]
public sealed class ResourceJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new() { RequestsUntilUnplugged = 100 };
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private ServiceProvider services = null!;
    private Actor ada = null!;
    private string instance = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        services = WorkerServices.Of(this, Source, engine, clock);
        ada = await AnAccount.ReadyAsync(this);
        instance = await RunningMachines.AddAsync(this, engine, ada);
    }

    public override async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task An_engine_that_is_away_is_asked_once_by_each_and_then_left_to_the_sweeps()
    {
        string[] ids =
        [
            await CreateAsync(),
            await AskGuestAsync(),
            .. await AddInterfaceAsync(),
            (await new CreateVolume(this, clock).RunAsync(ada, AVolume(), Ct)).Value!.Id,
            (await new CreateSnapshot(this, clock).RunAsync(ada, new NewSnapshot(await RootAsync(), "a", "token"), Ct)).Value!.Id,
        ];
        engine.Away = "libvirt does not answer";
        foreach (var id in ids)
        {
            var asked = engine.Calls.Values.Sum();
            await AdvanceAsync(id);
            Assert.True(engine.Calls.Values.Sum() > asked, $"{id} did not ask.");
            Assert.True(Nudges.Due(id) is null, $"{id} asks again at {Nudges.Due(id):O}.");
        }
    }

    [Fact]
    public async Task What_is_under_way_is_looked_at_again_soon()
    {
        var added = (await AddInterfaceAsync())[1];
        await AdvanceAsync(added);
        Assert.Null((await new Interfaces(this, clock).RemoveAsync(ada, added, Ct)).Reason);
        await AdvanceAsync(added);
        Assert.Equal(clock.GetUtcNow() + Nudges.Pause, Nudges.Due(added));

        var network = await NetworkAsync();
        Assert.Null((await new DeleteNetwork(this, clock).RunAsync(ada, network, withContents: true, Ct)).Reason);
        await AdvanceAsync(network);
        Assert.Equal(clock.GetUtcNow() + Nudges.Pause, Nudges.Due(network));
    }

    private Nudges Nudges => services.GetRequiredService<Nudges>();

    private Task AdvanceAsync(string id) => services.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id)).AdvanceAsync(id, Ct);

    /// <summary>Its network, which has to know it first, and itself.</summary>
    private async Task<string[]> AddInterfaceAsync()
    {
        await using var db = CreateDbContext();
        var first = await db.NetworkInterfaces.AsNoTracking().Include(one => one.Groups).SingleAsync(one => one.InstanceId == instance, Ct);
        var groups = first.Groups.Select(membership => membership.SecurityGroupId).ToList();
        var made = await new Interfaces(this, clock).AddAsync(ada, instance, first.SubnetId, groups, Ct);
        return [first.NetworkId, made.Value!.Id];
    }

    private async Task<string> CreateAsync() =>
        (await new CreateInstance(this, clock).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![0].Id;

    private async Task<string> AskGuestAsync()
    {
        var change = new ChangeGuest(this, services.GetRequiredService<GuestSecrets>(), clock);
        return (await change.SetPasswordAsync(ada, instance, Portal.Compute.GuestPassword.Hash("x"), Ct)).Value!.Id;
    }

    private async Task<string> NetworkAsync()
    {
        await using var db = CreateDbContext();
        return await db.Networks.Select(network => network.Id).SingleAsync(Ct);
    }

    private async Task<string> RootAsync()
    {
        await using var db = CreateDbContext();
        return await db.Volumes.Where(volume => volume.IsRoot && volume.InstanceId == instance).Select(volume => volume.Id).SingleAsync(Ct);
    }

    private static NewVolume AVolume() =>
        new()
        {
            Name = "a",
            SizeGiB = 1,
            RequestToken = "token",
        };
}
