using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Volumes;

namespace Portal.Tests.Compute;

/// <summary>One bad machine, disk or snapshot among many.</summary>
public sealed partial class InstanceJobTests
{
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
        engine.PowerCut();
        engine.FailOnce(nameof(IComputeEngine.ObserveAsync), FaultPoint.Before, fault);
        var patrol = services.GetRequiredService<MachinePatrol>();
        Assert.Single((await Assert.ThrowsAsync<AggregateException>(() => patrol.SweepAsync(default))).InnerExceptions);
        Assert.Equal(2, await CountAsync(InstanceState.Pending));
        await using (var db = CreateDbContext())
        {
            Assert.Equal(clock.GetUtcNow(), (await db.Patrols.SingleAsync()).At);
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
        var patrol = services.GetRequiredService<MachinePatrol>();
        await patrol.SweepAsync(default);
        var before = new Dictionary<string, int>(engine.Calls, StringComparer.Ordinal);
        await patrol.SweepAsync(default);
        Assert.Equal(
            [(nameof(IComputeEngine.ListAsync), 1), (nameof(IComputeEngine.ObserveAllAsync), 1)],
            engine
                .Calls.Select(call => (call.Key, Count: call.Value - before.GetValueOrDefault(call.Key)))
                .Where(call => call.Count > 0)
                .OrderBy(call => call.Key, StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task An_engine_that_takes_its_time_is_asked_until_the_instance_and_its_disks_are_there()
    {
        (engine.ObservationsUntilReady, engine.Promise) = (3, Applied.Accepted);
        var id = await SettleAsync(await RequestAsync());
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == id);
        Assert.Equal((VolumeState.InUse, root.SizeGiB), (root.State, root.MadeGiB));
        Assert.DoesNotContain(await db.AuditEntries.Select(entry => entry.Action).ToListAsync(), action => action == "ObserveInstance");

        // A look at one that is still being started writes nothing down of it.
        engine.ObservationsUntilReady = 0;
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
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
            .Select(digit => new VolumeSpec($"vol-{string.Concat(Enumerable.Repeat(digit, 17))}", tenant.Account.Id, 1, 1000, 100, null))
            .ToList();
        foreach (var stranger in strangers)
        {
            await engine.EnsureVolumeAsync(stranger, default);
        }

        engine.FailOnce(nameof(IComputeEngine.RemoveAsync), FaultPoint.Before, EngineFault.Rejected);
        await Assert.ThrowsAsync<AggregateException>(() => services.GetRequiredService<MachinePatrol>().SweepAsync(default));
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        Assert.Empty(engine.Machines);

        engine.FailOnce(nameof(IVolumeEngine.RemoveVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        await Assert.ThrowsAsync<AggregateException>(() => services.GetRequiredService<VolumePatrol>().SweepAsync(default));
        Assert.Equal(
            strangers.Select(stranger => stranger.Id),
            await db
                .Incidents.Where(incident => incident.Kind == IncidentKinds.Orphan)
                .Select(incident => incident.ResourceId)
                .Order()
                .ToListAsync()
        );

        engine.Away = "libvirt does not answer";
        await services.GetRequiredService<MachinePatrol>().SweepAsync(default);
        await services.GetRequiredService<VolumePatrol>().SweepAsync(default);
    }
}
