using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;
using Portal.Tests.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Volumes;

namespace Portal.Tests.Compute;

/// <summary>What the patrols find of machines and disks, and what they do about it; one bad one among many.</summary>
[Trait("Needs", "database")]
public sealed class MachinePatrolTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task A_machine_that_was_lost_is_started_again_and_not_billed_meanwhile()
    {
        var id = await SettleAsync(await RequestAsync());
        Engine.PowerCut();
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Pending, (await LoadAsync(id)).State);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
        Assert.Equal(2, (await SpansAsync(id)).Count(span => span.Sku == "instance.t1.nano"));
        Assert.Single(await SpansAsync(id), span => span.Sku == Skus.Disk);
    }

    [Fact]
    public async Task A_machine_whose_ssh_never_answered_is_looked_after_like_any_other()
    {
        Engine.ObservationsUntilSsh = int.MaxValue;
        var id = await RequestAsync();
        await AdvanceAsync(id);
        Clock.Advance(Instance.StartLimit);
        await SettleAsync(id);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);

        Engine.PowerCut();
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Pending, (await LoadAsync(id)).State);
    }

    [Fact]
    public async Task The_restart_of_a_machine_that_was_lost_is_watched_like_any_start()
    {
        var id = await SettleAsync(await RequestAsync());
        Engine.PowerCut();
        Engine.ObservationsUntilSsh = int.MaxValue;
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Equal(Clock.GetUtcNow() + Instance.StartLimit, (await LoadAsync(id)).Deadline);
        await AdvanceAsync(id);
        Assert.True((await LoadAsync(id)) is { State: InstanceState.Running, SshAt: null, IsUnsettled: true });

        Engine.PowerCut();
        Engine.ObservationsUntilSsh = 0;
        await SettleAsync(id);
        Assert.NotNull((await LoadAsync(id)).SshAt);
    }

    [Fact]
    public async Task What_should_be_gone_and_is_still_there_is_removed()
    {
        var id = await SettleAsync(await RequestAsync());
        var spec = Assert.Single(Engine.Machines).Spec;
        await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
        await SettleAsync(id);

        // A worker killed in the middle of its call may have its effect come after the end.
        await Engine.EnsureNetworkAsync(ANetwork.Of(spec), default);
        await Engine.EnsureVolumeAsync(spec.Volumes[0].Volume, default);
        await Engine.EnsureMachineAsync(spec, default);
        await Get<MachinePatrol>().SweepAsync(default);
        await Get<VolumePatrol>().SweepAsync(default);
        Assert.Empty(Engine.Machines);
        Assert.Empty(Engine.Volumes);
        Assert.Empty(Engine.Networks);
    }

    [Theory]
    [InlineData(EngineFault.Rejected)]
    [InlineData(EngineFault.Unavailable)]
    public async Task A_machine_that_cannot_be_looked_at_leaves_the_others_looked_after(EngineFault fault)
    {
        var ids = new[]
        {
            await SettleAsync(await RequestAsync()),
            await SettleAsync(await RequestAsync()),
            await SettleAsync(await RequestAsync()),
        };
        Engine.PowerCut();
        Engine.FailOnce(nameof(IComputeEngine.ObserveAsync), FaultPoint.Before, fault);
        var patrol = Get<MachinePatrol>();
        Assert.Single((await Assert.ThrowsAsync<AggregateException>(() => patrol.SweepAsync(default))).InnerExceptions);
        Assert.Equal(2, await CountAsync(InstanceState.Pending));
        await using (var db = CreateDbContext())
        {
            Assert.Equal(Clock.GetUtcNow(), (await db.Patrols.SingleAsync()).At);
        }

        await patrol.SweepAsync(default);
        Assert.Equal(ids.Length, await CountAsync(InstanceState.Pending));

        async Task<int> CountAsync(InstanceState state)
        {
            await using var db = CreateDbContext();
            return await db.Instances.CountAsync(instance => instance.State == state);
        }
    }

    [Fact]
    public async Task A_round_over_machines_that_are_as_they_should_be_is_one_question_however_many_there_are()
    {
        foreach (var _ in Enumerable.Range(0, 5))
        {
            await SettleAsync(await RequestAsync());
        }

        // Whatever the last look did not tell yet.
        var patrol = Get<MachinePatrol>();
        await patrol.SweepAsync(default);
        var before = new Dictionary<string, int>(Engine.Calls, StringComparer.Ordinal);
        await patrol.SweepAsync(default);
        Assert.Equal(
            [(nameof(IComputeEngine.ListAsync), 1), (nameof(IComputeEngine.ObserveAllAsync), 1)],
            Engine
                .Calls.Select(call => (call.Key, Count: call.Value - before.GetValueOrDefault(call.Key)))
                .Where(call => call.Count > 0)
                .OrderBy(call => call.Key, StringComparer.Ordinal)
        );
    }

    /// <summary>
    /// The incident of the last is opened whatever comes of the first; and an engine that is away ends the round without a word, as before.
    /// </summary>
    [Fact]
    public async Task What_cannot_be_removed_leaves_the_rest_of_the_patrols_their_turn()
    {
        var id = await SettleAsync(await RequestAsync());
        await using var db = CreateDbContext();
        await db
            .Instances.Where(instance => instance.Id == id)
            .ExecuteUpdateAsync(row =>
                row.SetProperty(instance => instance.State, InstanceState.Terminated)
                    .SetProperty(instance => instance.Goal, InstanceGoal.Terminated)
            );
        await db.Volumes.ExecuteUpdateAsync(row => row.SetProperty(volume => volume.State, VolumeState.Deleted));
        var strangers = new[] { "0", "f" }
            .Select(digit => new VolumeSpec($"vol-{string.Concat(Enumerable.Repeat(digit, 17))}", Owner.Account.Id, 1, 1000, 100, null))
            .ToList();
        foreach (var stranger in strangers)
        {
            await Engine.EnsureVolumeAsync(stranger, default);
        }

        Engine.FailOnce(nameof(IComputeEngine.RemoveAsync), FaultPoint.Before, EngineFault.Rejected);
        await Assert.ThrowsAsync<AggregateException>(() => Get<MachinePatrol>().SweepAsync(default));
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Empty(Engine.Machines);

        Engine.FailOnce(nameof(IVolumeEngine.RemoveVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        await Assert.ThrowsAsync<AggregateException>(() => Get<VolumePatrol>().SweepAsync(default));
        Assert.Equal(
            strangers.Select(stranger => stranger.Id),
            await db
                .Incidents.Where(incident => incident.Kind == IncidentKinds.Orphan)
                .Select(incident => incident.ResourceId)
                .Order()
                .ToListAsync()
        );

        Engine.Away = "libvirt does not answer";
        await Get<MachinePatrol>().SweepAsync(default);
        await Get<VolumePatrol>().SweepAsync(default);
    }
}
