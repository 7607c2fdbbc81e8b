using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Volumes;

[Trait("Needs", "database")]
public sealed class VolumeJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IVolumeEngine.EnsureAttachedAsync),
        nameof(IVolumeEngine.EnsureDetachedAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
    ];

    private readonly InMemoryEngine engine = new();
    private readonly FakeTimeProvider clock = new(Tenant.Epoch);
    private Tenant tenant = null!;
    private ServiceProvider services = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var db = CreateDbContext();
        tenant = await Tenant.AddAsync(db);
        services = WorkerServices.Of(this, Source, engine, clock);
    }

    public override async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_a_whole_life_and_nothing_written_is_lost()
    {
        var instanceId = await RunningInstanceAsync();
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                engine.FailOnce(verb, point);
                var id = await SettleAsync(await RequestAsync());
                Assert.Equal("available", (await LoadAsync(id)).Status);
                await AttachAsync(id, instanceId);
                Assert.Equal("in-use", (await LoadAsync(await SettleAsync(id))).Status);
                engine.Write(id, "synced");
                await ChangeAsync(id, volume => volume.RequestGrow(5, clock.GetUtcNow()));
                Assert.Equal(
                    (5, 5),
                    (await LoadAsync(await SettleAsync(id))) is var grown ? (grown.MadeGiB, engine.GuestSizeOf(instanceId, id)) : default
                );
                await ChangeAsync(id, volume => volume.RequestDetach(clock.GetUtcNow()));
                Assert.Equal("available", (await LoadAsync(await SettleAsync(id))).Status);
                Assert.Equal("synced", engine.Read(id));
                await ChangeAsync(id, volume => volume.RequestDelete(clock.GetUtcNow()));
                Assert.Equal("deleted", (await LoadAsync(await SettleAsync(id))).Status);
                Assert.DoesNotContain(id, engine.Volumes);
                Assert.All(await SpansAsync(id), span => Assert.NotNull(span.To));
            }
        }
    }

    [Fact]
    public async Task Two_runs_at_once_make_one_volume_that_is_billed_once()
    {
        var id = await RequestAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdvanceAsync(id)));
        await SettleAsync(id);
        Assert.Single(engine.Volumes);
        Assert.Equal(
            (Skus.Volume(VolumeType.Standard), 2m, null),
            Assert.Single(await SpansAsync(id)) is var span ? (span.Sku, span.Quantity, span.To) : default
        );
    }

    [Fact]
    public async Task Each_gib_is_billed_from_the_moment_it_is_there_until_it_is_gone()
    {
        var id = await SettleAsync(await RequestAsync());
        clock.Advance(TimeSpan.FromHours(2));
        await ChangeAsync(id, volume => volume.RequestGrow(6, clock.GetUtcNow()));
        Assert.Equal([2m], (await SpansAsync(id)).Select(span => span.Quantity));
        await SettleAsync(id);
        clock.Advance(TimeSpan.FromHours(3));
        await ChangeAsync(id, volume => volume.RequestDelete(clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Equal(
            [(2m, TimeSpan.FromHours(2)), (6m, TimeSpan.FromHours(3))],
            (await SpansAsync(id)).Select(span => (span.Quantity, span.To!.Value - span.From))
        );
    }

    [Fact]
    public async Task A_guest_that_does_not_let_go_is_waited_for_and_past_the_deadline_an_incident_opens()
    {
        engine.ObservationsUntilDetached = null;
        var (instanceId, id) = (await RunningInstanceAsync(), await SettleAsync(await RequestAsync()));
        await AttachAsync(id, instanceId);
        await SettleAsync(id);
        await ChangeAsync(id, volume => volume.RequestDetach(clock.GetUtcNow()));
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(
            ("detaching", "The guest has not let go of it yet."),
            (await LoadAsync(id)) is var waiting ? (waiting.Status, waiting.Waiting) : default
        );

        clock.Advance(Volume.DetachLimit + TimeSpan.FromSeconds(1));
        await services.GetRequiredService<VolumeSweep>().SweepAsync(Ct);
        Assert.Null((await IncidentAsync(id)).ClosedAt);

        engine.ObservationsUntilDetached = 1;
        await SettleAsync(id);
        Assert.Equal(("available", null, null), (await LoadAsync(id)) is var free ? (free.Status, free.Waiting, free.InstanceId) : default);
        await services.GetRequiredService<VolumeSweep>().SweepAsync(Ct);
        Assert.NotNull((await IncidentAsync(id)).ClosedAt);
    }

    [Fact]
    public async Task An_engine_that_is_away_makes_the_request_wait_with_a_sentence()
    {
        var id = await RequestAsync();
        engine.Away = "libvirt does not answer";
        await AdvanceAsync(id);
        Assert.Contains("continue automatically", (await LoadAsync(id)).Waiting, StringComparison.Ordinal);
        engine.Away = null;
        await SettleAsync(id);
        Assert.Equal(("available", null), (await LoadAsync(id)) is var made ? (made.Status, made.Waiting) : default);
    }

    [Fact]
    public async Task What_the_engine_rejects_leaves_things_as_they_were_and_says_why()
    {
        var (first, second) = (await RunningInstanceAsync(), await RunningInstanceAsync());
        var id = await SettleAsync(await RequestAsync());
        engine.FailOnce(nameof(IVolumeEngine.EnsureAttachedAsync), FaultPoint.Before, EngineFault.Rejected);
        await AttachAsync(id, first);
        Assert.Equal(
            ("available", null, true),
            (await LoadAsync(await SettleAsync(id))) is var free ? (free.Status, free.InstanceId, free.LastError is not null) : default
        );

        await AttachAsync(id, second);
        Assert.Equal(
            ("in-use", second, null),
            (await LoadAsync(await SettleAsync(id))) is var held ? (held.Status, held.InstanceId, held.LastError) : default
        );
        engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        await ChangeAsync(id, volume => volume.RequestGrow(9, clock.GetUtcNow()));
        Assert.Equal(
            (2, 2, true),
            (await LoadAsync(await SettleAsync(id))) is var kept ? (kept.SizeGiB, kept.MadeGiB, kept.LastError is not null) : default
        );
    }

    [Fact]
    public async Task With_its_instance_goes_what_is_to_go_and_the_rest_is_free_again()
    {
        var instanceId = await RunningInstanceAsync();
        var (goes, stays) = (await SettleAsync(await RequestAsync()), await SettleAsync(await RequestAsync()));
        await AttachAsync(goes, instanceId, deleteOnTermination: true);
        await AttachAsync(stays, instanceId);
        await SettleAsync(goes);
        await SettleAsync(stays);
        var root = await RootOfAsync(instanceId);
        await using (var db = CreateDbContext())
        {
            (await db.Instances.SingleAsync(instance => instance.Id == instanceId, Ct)).RequestTerminate(clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await SettleInstanceAsync(instanceId);
        Assert.Equal(
            ["deleted", "available", "deleted"],
            [
                (await LoadAsync(await SettleAsync(goes))).Status,
                (await LoadAsync(await SettleAsync(stays))).Status,
                (await LoadAsync(await SettleAsync(root))).Status,
            ]
        );
        Assert.Equal([stays], engine.Volumes);
    }

    [Fact]
    public async Task A_root_disk_that_is_to_stay_outlives_its_instance()
    {
        var instanceId = await RunningInstanceAsync();
        var root = await RootOfAsync(instanceId);
        engine.Write(root, "a system");
        await using (var db = CreateDbContext())
        {
            (await db.Volumes.SingleAsync(volume => volume.Id == root, Ct)).DeleteOnTermination = false;
            (await db.Instances.SingleAsync(instance => instance.Id == instanceId, Ct)).RequestTerminate(clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await SettleInstanceAsync(instanceId);
        var kept = await LoadAsync(await SettleAsync(root));
        Assert.Equal(("available", "a system", false), (kept.Status, engine.Read(root), kept.IsRoot));
        Assert.Null(Assert.Single(await SpansAsync(root)).To);
    }

    [Fact]
    public async Task The_patrol_removes_what_is_to_be_gone_tells_of_strangers_and_of_what_is_lost_and_gives_again_what_was_pulled_out()
    {
        var instanceId = await RunningInstanceAsync();
        var (gone, lost, pulled) = (
            await SettleAsync(await RequestAsync()),
            await SettleAsync(await RequestAsync()),
            await SettleAsync(await RequestAsync())
        );
        await ChangeAsync(gone, volume => volume.RequestDelete(clock.GetUtcNow()));
        await SettleAsync(gone);
        await AttachAsync(pulled, instanceId);
        await SettleAsync(pulled);

        // A call of a killed worker that had its effect late, a disk of nobody, one that the host lost, and one that its machine lost.
        await engine.EnsureVolumeAsync(new VolumeSpec(gone, tenant.Account.Id, 2, 1, 1, null), Ct);
        var strange = ResourceIds.New("vol");
        await engine.EnsureVolumeAsync(new VolumeSpec(strange, "", 1, 1, 1, null), Ct);
        engine.LoseVolume(lost);
        engine.PullOut(pulled);
        await services.GetRequiredService<VolumePatrol>().SweepAsync(Ct);

        Assert.DoesNotContain(gone, engine.Volumes);
        Assert.Equal(["orphan", "lost"], [(await IncidentAsync(strange)).Kind, (await IncidentAsync(lost)).Kind]);
        Assert.Equal("attaching", (await LoadAsync(pulled)).Status);
        await SettleAsync(pulled);
        Assert.Equal(instanceId, (await engine.ObserveVolumeAsync(pulled, Ct)).InstanceId);
    }

    [Fact]
    public async Task The_sweep_finds_all_that_is_unsettled_and_nothing_else()
    {
        var (asked, settled) = (await RequestAsync(), await SettleAsync(await RequestAsync()));
        await using var db = CreateDbContext();
        await tenant.RequestAsync(db, clock.GetUtcNow());
        await services.GetRequiredService<VolumeSweep>().SweepAsync(Ct);
        Assert.Equal(
            [asked],
            (await db.Volumes.AsNoTracking().ToListAsync(Ct)).Where(volume => volume.IsUnsettled).Select(volume => volume.Id)
        );
        Assert.NotEqual(asked, settled);
    }

    private async Task<string> RequestAsync(int sizeGiB = 2)
    {
        await using var db = CreateDbContext();
        var volume = tenant.AVolume(sizeGiB, clock.GetUtcNow());
        db.Volumes.Add(volume);
        await db.SaveChangesAsync(Ct);
        return volume.Id;
    }

    private async Task AttachAsync(string id, string instanceId, bool deleteOnTermination = false)
    {
        await using var db = CreateDbContext();
        var instance = await db.Instances.Include(instance => instance.Volumes).SingleAsync(instance => instance.Id == instanceId, Ct);
        var volume = await db.Volumes.SingleAsync(volume => volume.Id == id, Ct);
        Assert.Null(
            volume.RequestAttach(instance, $"sd{(char)('a' + instance.Volumes.Count)}", deleteOnTermination, clock.GetUtcNow()).Reason
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task<string> RunningInstanceAsync()
    {
        await using var db = CreateDbContext();
        return await SettleInstanceAsync((await tenant.RequestAsync(db, clock.GetUtcNow())).Id);
    }

    private async Task<string> SettleInstanceAsync(string id)
    {
        await using var db = CreateDbContext();
        for (
            var round = 0;
            round < 20 && (await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id, Ct)).IsUnsettled;
            round++
        )
        {
            await services.GetRequiredService<IInstanceJob>().AdvanceAsync(id, Ct);
        }

        return id;
    }

    private async Task<string> RootOfAsync(string instanceId)
    {
        await using var db = CreateDbContext();
        return (await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == instanceId && volume.IsRoot, Ct)).Id;
    }

    private async Task AdvanceAsync(string id) => await services.GetRequiredService<IVolumeJob>().AdvanceAsync(id, Ct);

    /// <summary>Advances as the nudges and the sweep would, until nothing is left to do.</summary>
    private async Task<string> SettleAsync(string id)
    {
        for (var round = 0; round < 20 && (await LoadAsync(id)).IsUnsettled; round++)
        {
            await AdvanceAsync(id);
        }

        Assert.False((await LoadAsync(id)).IsUnsettled, $"{id} did not settle.");
        return id;
    }

    private async Task ChangeAsync(string id, Func<Volume, Outcome> request)
    {
        await using var db = CreateDbContext();
        Assert.Null(request(await db.Volumes.SingleAsync(volume => volume.Id == id, Ct)).Reason);
        await db.SaveChangesAsync(Ct);
    }

    private async Task<Volume> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct);
    }

    private async Task<Model.Operators.Incident> IncidentAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Incidents.AsNoTracking().SingleAsync(incident => incident.ResourceId == id, Ct);
    }

    private async Task<List<UsageSpan>> SpansAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == id).OrderBy(span => span.From).ToListAsync(Ct);
    }
}
