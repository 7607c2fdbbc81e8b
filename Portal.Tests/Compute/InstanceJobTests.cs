using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;
using Portal.Worker.Volumes;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed partial class InstanceJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(INetworkEngine.EnsureNetworkAsync),
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IComputeEngine.EnsureMachineAsync),
        nameof(IComputeEngine.ObserveAsync),
        nameof(IComputeEngine.RemoveAsync),
        nameof(INetworkEngine.RemoveNetworkAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
    ];

    private readonly InMemoryEngine engine = new();
    private readonly FakeTimeProvider clock = new(Tenant.Epoch);
    private Tenant tenant = null!;
    private ServiceProvider services = null!;

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
    public async Task Advancing_twice_creates_one_machine()
    {
        var id = await RequestAsync();
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(id, Assert.Single(engine.Machines).Spec.Id);
    }

    [Fact]
    public async Task A_request_becomes_a_running_machine_whose_steps_are_told()
    {
        var id = await SettleAsync(await RequestAsync());
        var instance = await LoadAsync(id);
        Assert.Equal(InstanceState.Running, instance.State);
        Assert.All(Enum.GetValues<InstanceStep>(), step => Assert.NotNull(instance.StepAt(step)));
        Assert.Null(instance.Deadline);
        Assert.NotNull(instance.HostKey);
    }

    [Fact]
    public async Task Two_runs_at_once_do_the_work_once()
    {
        var id = await RequestAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdvanceAsync(id)));
        await SettleAsync(id);
        Assert.Single(engine.Machines);
        Assert.Equal(2, (await SpansAsync(id)).Count);
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_a_whole_life()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                engine.FailOnce(verb, point);
                var id = await SettleAsync(await RequestAsync());
                await ChangeAsync(id, instance => instance.RequestStop(clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestStart(clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestReboot(clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestTerminate(clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.Equal(InstanceState.Terminated, (await LoadAsync(id)).State);
                Assert.Empty(engine.Machines);
                Assert.Empty(engine.Volumes);
                Assert.All(await SpansAsync(id), span => Assert.NotNull(span.To));
            }
        }

        Assert.Empty(engine.Networks);
    }

    [Fact]
    public async Task An_engine_that_is_away_makes_the_request_wait_with_a_sentence_and_not_fail()
    {
        engine.Away = "libvirt does not answer";
        var id = await RequestAsync();
        await AdvanceAsync(id);
        var waiting = await LoadAsync(id);
        Assert.Equal(InstanceState.Pending, waiting.State);
        Assert.Contains("continue automatically", waiting.Waiting, StringComparison.Ordinal);

        engine.Away = null;
        await SettleAsync(id);
        var arrived = await LoadAsync(id);
        Assert.Equal((InstanceState.Running, null), (arrived.State, arrived.Waiting));
    }

    [Fact]
    public async Task What_the_engine_rejects_fails_with_its_reason_and_can_be_tried_again()
    {
        engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        var id = await RequestAsync();
        await AdvanceAsync(id);
        var failed = await LoadAsync(id);
        Assert.Equal(InstanceState.Failed, failed.State);
        Assert.Contains("EnsureVolumeAsync", failed.LastError, StringComparison.Ordinal);

        await ChangeAsync(id, instance => instance.RequestStart(clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Equal((InstanceState.Running, null), ((await LoadAsync(id)).State, (await LoadAsync(id)).LastError));
    }

    [Fact]
    public async Task Compute_costs_only_while_it_runs_and_the_disk_while_it_exists()
    {
        var id = await SettleAsync(await RequestAsync());
        clock.Advance(TimeSpan.FromHours(3));
        await ChangeAsync(id, instance => instance.RequestStop(clock.GetUtcNow()));
        await SettleAsync(id);
        clock.Advance(TimeSpan.FromHours(5));
        await ChangeAsync(id, instance => instance.RequestTerminate(clock.GetUtcNow()));
        await SettleAsync(id);

        var spans = await SpansAsync(id);
        Assert.Equal(
            TimeSpan.FromHours(3),
            Assert.Single(spans, span => span.Sku == "instance.t1.nano") is var compute ? compute.To - compute.From : null
        );
        Assert.Equal(TimeSpan.FromHours(8), Assert.Single(spans, span => span.Sku == Skus.Disk) is var disk ? disk.To - disk.From : null);
    }

    [Fact]
    public async Task A_machine_that_was_lost_is_started_again_and_not_billed_meanwhile()
    {
        var id = await SettleAsync(await RequestAsync());
        engine.PowerCut();
        clock.Advance(TimeSpan.FromMinutes(1));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Pending, (await LoadAsync(id)).State);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
        Assert.Equal(2, (await SpansAsync(id)).Count(span => span.Sku == "instance.t1.nano"));
        Assert.Single(await SpansAsync(id), span => span.Sku == Skus.Disk);
    }

    [Fact]
    public async Task A_machine_whose_ssh_never_answered_is_looked_after_like_any_other()
    {
        engine.ObservationsUntilSsh = int.MaxValue;
        var id = await RequestAsync();
        await AdvanceAsync(id);
        clock.Advance(Instance.StartLimit);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);

        engine.PowerCut();
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Pending, (await LoadAsync(id)).State);
    }

    [Fact]
    public async Task What_the_engine_rejects_of_a_machine_that_is_on_leaves_it_running_and_billed()
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestReboot(clock.GetUtcNow()));
        engine.FailOnce(nameof(IComputeEngine.EnsureMachineAsync), FaultPoint.Before, EngineFault.Rejected);
        await AdvanceAsync(id);
        var refused = await LoadAsync(id);
        Assert.Equal(InstanceState.Running, refused.State);
        Assert.Contains("That step failed", refused.Waiting, StringComparison.Ordinal);
        Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano" && span.To == null);

        await SettleAsync(id);
        Assert.Null((await LoadAsync(id)).Waiting);
    }

    [Fact]
    public async Task Computing_is_not_billed_from_the_request_to_stop_even_while_the_engine_is_away()
    {
        var id = await SettleAsync(await RequestAsync());
        clock.Advance(TimeSpan.FromHours(1));
        engine.Away = "libvirt does not answer";
        var asked = await new ChangeInstance(this, clock).RunAsync(Actor.Portal(tenant.Account.Id), InstanceAction.Stop, id, default);
        Assert.Null(asked.Outcome.Reason);
        clock.Advance(TimeSpan.FromHours(1));
        await AdvanceAsync(id);
        engine.Away = null;
        await SettleAsync(id);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano");
        Assert.Equal(TimeSpan.FromHours(1), compute.To - compute.From);
    }

    [Fact]
    public async Task A_machine_found_off_after_an_hour_without_a_worker_is_billed_until_it_was_last_seen_on()
    {
        var id = await SettleAsync(await RequestAsync());
        clock.Advance(TimeSpan.FromHours(1));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        engine.PowerCut();
        clock.Advance(TimeSpan.FromHours(1));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano");
        Assert.Equal(TimeSpan.FromHours(1), compute.To - compute.From);
    }

    /// <summary>Its job watches it until ssh answers, and finds it off when its host is back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_that_was_still_booting_when_its_host_went_away_is_billed_until_it_was_last_seen_on(bool isRebooting)
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestReboot(clock.GetUtcNow()));
        if (!isRebooting)
        {
            engine.ObservationsUntilSsh = int.MaxValue;
            await AdvanceAsync(id);
            Assert.True((await LoadAsync(id)) is { IsRebooting: false, IsUnsettled: true });
        }

        clock.Advance(TimeSpan.FromMinutes(2));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        engine.PowerCut();
        engine.Away = "The host is off.";
        clock.Advance(TimeSpan.FromHours(1));
        await AdvanceAsync(id);
        engine.Away = null;
        await AdvanceAsync(id);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano" && span.To != null);
        Assert.Equal(TimeSpan.FromMinutes(2), compute.To - compute.From);
    }

    [Fact]
    public async Task The_restart_of_a_machine_that_was_lost_is_watched_like_any_start()
    {
        var id = await SettleAsync(await RequestAsync());
        engine.PowerCut();
        engine.ObservationsUntilSsh = int.MaxValue;
        clock.Advance(TimeSpan.FromMinutes(1));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Equal(clock.GetUtcNow() + Instance.StartLimit, (await LoadAsync(id)).Deadline);
        await AdvanceAsync(id);
        Assert.True((await LoadAsync(id)) is { State: InstanceState.Running, SshAt: null, IsUnsettled: true });

        engine.PowerCut();
        engine.ObservationsUntilSsh = 0;
        await SettleAsync(id);
        Assert.NotNull((await LoadAsync(id)).SshAt);
    }

    [Fact]
    public async Task It_is_up_since_its_last_restart()
    {
        var id = await SettleAsync(await RequestAsync());
        Assert.Equal(clock.GetUtcNow(), (await LoadAsync(id)).UpSince);
        clock.Advance(TimeSpan.FromHours(1));
        await ChangeAsync(id, instance => instance.RequestRescue(clock.GetUtcNow()));
        Assert.Null((await LoadAsync(id)).UpSince);
        await SettleAsync(id);
        Assert.Equal(clock.GetUtcNow(), (await LoadAsync(id)).UpSince);
        await ChangeAsync(id, instance => instance.RequestStop(clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Null((await LoadAsync(id)).UpSince);
    }

    [Fact]
    public async Task A_host_key_that_is_told_long_after_ssh_answers_is_written_down_too()
    {
        engine.TellsHostKeys = false;
        var id = await SettleAsync(await RequestAsync());
        Assert.Null((await LoadAsync(id)).HostKey);
        clock.Advance(TimeSpan.FromMinutes(10));
        engine.TellsHostKeys = true;
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Equal(Assert.Single(engine.Machines).HostKey, (await LoadAsync(id)).HostKey);
    }

    [Fact]
    public async Task A_guest_that_stands_still_since_the_host_cannot_write_is_told_to_the_operators_and_not_billed_until_it_goes_on()
    {
        var id = await SettleAsync(await RequestAsync());
        clock.Advance(TimeSpan.FromHours(1));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        engine.Lose(id, MachinePower.Running, "The host could not write to its disk.");
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.Contains(
            "could not write",
            Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync()).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("The host could not write to its disk.", (await LoadAsync(id)).Stalled);

        clock.Advance(TimeSpan.FromHours(1));
        engine.Lose(id, MachinePower.Running, null);
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Empty(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());
        Assert.Null((await LoadAsync(id)).Stalled);
        var compute = (await SpansAsync(id)).Where(span => span.Sku == "instance.t1.nano").ToList();
        Assert.Equal([TimeSpan.FromHours(1), null], compute.Select(span => span.To - span.From));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_charges_nothing_twice()
    {
        var id = await SettleAsync(await RequestAsync());
        var instance = await LoadAsync(id);
        await using var db = CreateDbContext();
        var start = clock.GetUtcNow();
        await Meter.RecordAsync(db, instance, [], start + TimeSpan.FromHours(2), default);
        await db.SaveChangesAsync();
        await Meter.RecordAsync(db, instance, [("instance.t1.nano", 1)], start + TimeSpan.FromHours(1), default);
        await db.SaveChangesAsync();
        var spans = (await SpansAsync(id)).Where(span => span.Sku == "instance.t1.nano").ToList();
        Assert.Equal(spans[0].To, spans[1].From);
    }

    [Fact]
    public async Task What_should_be_gone_and_is_still_there_is_removed()
    {
        var id = await SettleAsync(await RequestAsync());
        var spec = Assert.Single(engine.Machines).Spec;
        await ChangeAsync(id, instance => instance.RequestTerminate(clock.GetUtcNow()));
        await SettleAsync(id);

        // A worker killed in the middle of its call may have its effect come after the end.
        await engine.EnsureNetworkAsync(ANetwork.Of(spec), default);
        await engine.EnsureVolumeAsync(spec.Volumes[0].Volume, default);
        await engine.EnsureMachineAsync(spec, default);
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        await services.GetRequiredService<VolumePatrol>().SweepAsync(default);
        Assert.Empty(engine.Machines);
        Assert.Empty(engine.Volumes);
        Assert.Empty(engine.Networks);
    }

    [Fact]
    public async Task Past_its_deadline_an_incident_opens_and_closes_by_itself()
    {
        engine.Away = "libvirt does not answer";
        var id = await RequestAsync();
        await ChangeAsync(id, instance => instance.RequestTerminate(clock.GetUtcNow()));
        clock.Advance(Instance.TerminateLimit + TimeSpan.FromSeconds(1));
        await services.GetRequiredService<InstanceSweep>().SweepAsync(default);
        await services.GetRequiredService<InstanceSweep>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.Null(Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ResourceId == id).ToListAsync()).ClosedAt);

        engine.Away = null;
        await SettleAsync(id);
        await services.GetRequiredService<InstanceSweep>().SweepAsync(default);
        Assert.NotNull(
            Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ResourceId == id).ToListAsync()).ClosedAt
        );
    }

    [Fact]
    public async Task A_guest_that_ignores_the_polite_shutdown_is_forced_after_a_while()
    {
        engine.ObservationsUntilOff = null;
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestStop(clock.GetUtcNow()));
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(InstanceState.Stopping, (await LoadAsync(id)).State);
        clock.Advance(Instance.PoliteShutdown);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Stopped, (await LoadAsync(id)).State);
    }

    [Fact]
    public async Task The_region_says_when_its_engine_is_away_and_when_it_is_back()
    {
        engine.Away = "libvirt does not answer";
        await services.GetRequiredService<RegionPatrol>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.NotNull((await db.Regions.AsNoTracking().SingleAsync()).AwaySince);
        Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());

        engine.Away = null;
        await services.GetRequiredService<RegionPatrol>().SweepAsync(default);
        Assert.Equal(
            (null, "in memory"),
            (await db.Regions.AsNoTracking().SingleAsync()) is var region ? (region.AwaySince, region.Virtualization) : default
        );
        Assert.Empty(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());
        Assert.Equal(ImageState.Available, (await db.Images.AsNoTracking().SingleAsync(image => image.FileName == "tiny.qcow2")).State);
    }

    private async Task<string> RequestAsync()
    {
        await using var db = CreateDbContext();
        return (await tenant.RequestAsync(db, clock.GetUtcNow())).Id;
    }

    private async Task AdvanceAsync(string id) =>
        await services.GetRequiredService<IInstanceJob>().AdvanceAsync(id, TestContext.Current.CancellationToken);

    /// <summary>Advances as the nudges and the sweep would, until nothing is left to do.</summary>
    private async Task<string> SettleAsync(string id)
    {
        for (var round = 0; round < 20 && (await LoadAsync(id)).IsUnsettled; round++)
        {
            await AdvanceAsync(id);
        }

        Assert.False((await LoadAsync(id)).IsUnsettled, $"{id} did not settle.");
        await SettleVolumesAsync();
        return id;
    }

    private async Task SettleVolumesAsync()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var db = CreateDbContext();
            var left = (await db.Volumes.AsNoTracking().ToListAsync()).Where(volume => volume.IsUnsettled).ToList();
            if (left.Count == 0)
            {
                return;
            }

            foreach (var volume in left)
            {
                await services.GetRequiredService<IVolumeJob>().AdvanceAsync(volume.Id, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail("The volumes did not settle.");
    }

    private async Task ChangeAsync(string id, Func<Instance, Outcome> request)
    {
        await using var db = CreateDbContext();
        Assert.Null(request(await db.Instances.WithParts().SingleAsync(instance => instance.Id == id)).Reason);
        await db.SaveChangesAsync();
    }

    private async Task<Instance> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id);
    }

    /// <summary>Those of the instance and of disks; in these tests there are no others.</summary>
    private async Task<List<UsageSpan>> SpansAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.ResourceId == id || span.ResourceId.StartsWith("vol-"))
            .OrderBy(span => span.From)
            .ToListAsync();
    }
}
