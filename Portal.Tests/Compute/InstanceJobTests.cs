using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class InstanceJobTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task Advancing_twice_creates_one_machine()
    {
        var id = await RequestAsync();
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(id, Assert.Single(Engine.Machines).Spec.Id);
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
        Assert.Single(Engine.Machines);
        Assert.Equal(2, (await SpansAsync(id)).Count);
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_a_whole_life()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Engine.FailOnce(verb, point);
                var id = await SettleAsync(await RequestAsync());
                await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestStart(Clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestReboot(Clock.GetUtcNow()));
                await SettleAsync(id);
                await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.Equal(InstanceState.Terminated, (await LoadAsync(id)).State);
                Assert.Empty(Engine.Machines);
                Assert.Empty(Engine.Volumes);
                Assert.All(await SpansAsync(id), span => Assert.NotNull(span.To));
            }
        }

        Assert.Empty(Engine.Networks);
    }

    [Fact]
    public async Task An_engine_that_is_away_makes_the_request_wait_with_a_sentence_and_not_fail()
    {
        Engine.Away = "libvirt does not answer";
        var id = await RequestAsync();
        await AdvanceAsync(id);
        var waiting = await LoadAsync(id);
        Assert.Equal(InstanceState.Pending, waiting.State);
        Assert.Contains("continue automatically", waiting.Waiting, StringComparison.Ordinal);

        Engine.Away = null;
        await SettleAsync(id);
        var arrived = await LoadAsync(id);
        Assert.Equal((InstanceState.Running, null), (arrived.State, arrived.Waiting));
    }

    [Fact]
    public async Task What_the_engine_rejects_fails_with_its_reason_and_can_be_tried_again()
    {
        Engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        var id = await RequestAsync();
        await AdvanceAsync(id);
        var failed = await LoadAsync(id);
        Assert.Equal(InstanceState.Failed, failed.State);
        Assert.Contains("EnsureVolumeAsync", failed.LastError, StringComparison.Ordinal);

        await ChangeAsync(id, instance => instance.RequestStart(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Equal((InstanceState.Running, null), ((await LoadAsync(id)).State, (await LoadAsync(id)).LastError));
    }

    [Fact]
    public async Task It_is_up_since_its_last_restart()
    {
        var id = await SettleAsync(await RequestAsync());
        Assert.Equal(Clock.GetUtcNow(), (await LoadAsync(id)).UpSince);
        Clock.Advance(TimeSpan.FromHours(1));
        await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
        Assert.Null((await LoadAsync(id)).UpSince);
        await SettleAsync(id);
        Assert.Equal(Clock.GetUtcNow(), (await LoadAsync(id)).UpSince);
        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Null((await LoadAsync(id)).UpSince);
    }

    [Fact]
    public async Task A_host_key_that_is_told_long_after_ssh_answers_is_written_down_too()
    {
        Engine.TellsHostKeys = false;
        var id = await SettleAsync(await RequestAsync());
        Assert.Null((await LoadAsync(id)).HostKey);
        Clock.Advance(TimeSpan.FromMinutes(10));
        Engine.TellsHostKeys = true;
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Equal(Assert.Single(Engine.Machines).HostKey, (await LoadAsync(id)).HostKey);
    }

    [Fact]
    public async Task Past_its_deadline_an_incident_opens_and_closes_by_itself()
    {
        Engine.Away = "libvirt does not answer";
        var id = await RequestAsync();
        await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
        Clock.Advance(Instance.TerminateLimit + TimeSpan.FromSeconds(1));
        await Get<InstanceSweep>().SweepAsync(default);
        await Get<InstanceSweep>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.Null(Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ResourceId == id).ToListAsync()).ClosedAt);

        Engine.Away = null;
        await SettleAsync(id);
        await Get<InstanceSweep>().SweepAsync(default);
        Assert.NotNull(
            Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ResourceId == id).ToListAsync()).ClosedAt
        );
    }

    [Fact]
    public async Task A_guest_that_ignores_the_polite_shutdown_is_forced_after_a_while()
    {
        Engine.ObservationsUntilOff = null;
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(InstanceState.Stopping, (await LoadAsync(id)).State);
        Clock.Advance(Instance.PoliteShutdown);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Stopped, (await LoadAsync(id)).State);
    }

    [Fact]
    public async Task The_region_says_when_its_engine_is_away_and_when_it_is_back()
    {
        Engine.Away = "libvirt does not answer";
        await Get<RegionPatrol>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.NotNull((await db.Regions.AsNoTracking().SingleAsync()).AwaySince);
        Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());

        Engine.Away = null;
        await Get<RegionPatrol>().SweepAsync(default);
        Assert.Equal(
            (null, "in memory"),
            (await db.Regions.AsNoTracking().SingleAsync()) is var region ? (region.AwaySince, region.Virtualization) : default
        );
        Assert.Empty(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());
        Assert.Equal(ImageState.Available, (await db.Images.AsNoTracking().SingleAsync(image => image.FileName == "tiny.qcow2")).State);
    }

    [Fact]
    public async Task An_engine_that_takes_its_time_is_asked_until_the_instance_and_its_disks_are_there()
    {
        (Engine.ObservationsUntilReady, Engine.Promise) = (3, Applied.Accepted);
        var id = await SettleAsync(await RequestAsync());
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == id);
        Assert.Equal((VolumeState.InUse, root.SizeGiB), (root.State, root.MadeGiB));
        Assert.DoesNotContain(await db.AuditEntries.Select(entry => entry.Action).ToListAsync(), action => action == "ObserveInstance");

        // A look at one that is still being started writes nothing down of it.
        Engine.ObservationsUntilReady = 0;
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
    }
}
