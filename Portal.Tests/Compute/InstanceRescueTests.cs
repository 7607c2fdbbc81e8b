using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

/// <summary>A machine runs the rescue system for a while.</summary>
[Trait("Needs", "database")]
public sealed class InstanceRescueTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task An_instance_is_rescued_and_comes_back_with_its_host_key_and_costs_the_same_all_the_time()
    {
        var id = await SettleAsync(await RequestAsync());
        var before = await LoadAsync(id);
        var spans = (await SpansAsync(id)).Count;
        await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
        var asked = await LoadAsync(id);
        Assert.Equal((true, null, before.HostKey), (asked.IsRescue, asked.HostKeyNow, asked.HostKey));
        Clock.Advance(TimeSpan.FromSeconds(2));
        await SettleAsync(id);

        var rescued = await LoadAsync(id);
        Assert.True(Assert.Single(Engine.Machines).IsRescue);
        Assert.Equal((InstanceState.Running, before.HostKey, null), (rescued.State, rescued.HostKey, rescued.Deadline));
        Assert.NotEqual(before.HostKey, rescued.HostKeyNow);
        Assert.Equal(
            ("It is in rescue: leave that first.", "It is in rescue: leave that first.", "It is in rescue already."),
            (rescued.WhyNotRebuild, rescued.WhyNotAskGuest, rescued.WhyNotRescue)
        );

        await ChangeAsync(id, instance => instance.RequestLeaveRescue(Clock.GetUtcNow()));
        Clock.Advance(TimeSpan.FromSeconds(2));
        await SettleAsync(id);
        var back = await LoadAsync(id);
        Assert.False(Assert.Single(Engine.Machines).IsRescue);
        Assert.Equal((before.HostKey, null, "It is not in rescue."), (back.HostKeyNow, back.RescueHostKey, back.WhyNotLeaveRescue));
        Assert.Equal(spans, (await SpansAsync(id)).Count);
    }

    [Fact]
    public async Task A_stopped_instance_is_started_into_rescue_and_costs_what_it_costs_while_it_runs()
    {
        var id = await SettleAsync(await RequestAsync());
        var key = (await LoadAsync(id)).HostKey;
        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await SettleAsync(id);
        foreach (var round in new[] { 1, 2 })
        {
            await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
            await SettleAsync(id);
            var rescued = await LoadAsync(id);
            Assert.Equal((true, InstanceState.Running, key, null), (rescued.IsRescue, rescued.State, rescued.HostKey, rescued.Deadline));
            Assert.Equal((true, round), (Assert.Single(Engine.Machines).IsRescue, Engine.Machines[0].RebootsDone));
            Assert.Single(await SpansAsync(id), span => span.ResourceId == id && span.To is null);
            await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
            await SettleAsync(id);
            Assert.DoesNotContain(await SpansAsync(id), span => span.ResourceId == id && span.To is null);
        }

        await ChangeAsync(id, instance => instance.RequestStart(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.False(Engine.Machines[0].IsRescue);
        Assert.Equal(key, (await LoadAsync(id)).HostKeyNow);
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_when_a_stopped_one_is_started_into_rescue()
    {
        var id = await SettleAsync(await RequestAsync());
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
                await SettleAsync(id);
                Engine.FailOnce(verb, point);
                await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.True(Engine.Machines.Single().IsRescue);
            }
        }
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_on_the_way_into_rescue_and_out()
    {
        var id = await SettleAsync(await RequestAsync());
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Engine.FailOnce(verb, point);
                await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.True(Engine.Machines.Single().IsRescue);
                await ChangeAsync(id, instance => instance.RequestLeaveRescue(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.False(Engine.Machines.Single().IsRescue);
            }
        }
    }

    [Fact]
    public async Task A_power_cut_of_the_host_keeps_it_in_rescue_and_a_stop_leaves_it()
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
        await SettleAsync(id);
        Engine.PowerCut();
        await ChangeAsync(
            id,
            instance =>
            {
                instance.Observe(new MachineObservation(MachinePower.Off, 0, SshAnswers: false, null, null), Clock.GetUtcNow());
                return default;
            }
        );
        await SettleAsync(id);
        Assert.True(Engine.Machines.Single().IsRescue);

        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await SettleAsync(id);
        await ChangeAsync(id, instance => instance.RequestStart(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.False((await LoadAsync(id)).IsRescue);
        Assert.False(Engine.Machines.Single().IsRescue);
    }

    [Fact]
    public async Task One_that_does_not_get_into_rescue_in_time_is_told_to_the_operators()
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestRescue(Clock.GetUtcNow()));
        Clock.Advance(Instance.StartLimit + TimeSpan.FromSeconds(1));
        await Get<InstanceSweep>().SweepAsync(default);
        await using (var db = CreateDbContext())
        {
            var incident = await db.Incidents.SingleAsync(incident => incident.ClosedAt == null);
            Assert.Equal((id, IncidentKinds.Deadline), (incident.ResourceId, incident.Kind));
        }

        await SettleAsync(id);
        await Get<InstanceSweep>().SweepAsync(default);
        await using var after = CreateDbContext();
        Assert.False(await after.Incidents.AnyAsync(incident => incident.ClosedAt == null));
    }
}
