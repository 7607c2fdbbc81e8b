using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A machine begins anew from an image.</summary>
[Trait("Needs", "database")]
public sealed class InstanceRebuildTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task A_rebuilt_instance_has_a_new_disk_and_keeps_its_address_its_port_and_its_other_volume()
    {
        var id = await SettleAsync(await RequestAsync());
        var (before, root) = (await LoadAsync(id), await RootAsync(id));
        var data = await AttachAsync(id);
        Engine.Write(root.Id, "precious");
        Engine.Write(data, "kept");
        var schedule = await BackUpAsync(root);
        await AskToRebuildAsync(id);
        var asked = await LoadAsync(id);
        Assert.Equal((InstanceState.Pending, null, null), (asked.State, asked.HostKey, asked.SshAt));
        Clock.Advance(TimeSpan.FromSeconds(2));
        await SettleAsync(id);

        var (after, fresh) = (await LoadAsync(id), await RootAsync(id));
        Assert.Equal(
            (InstanceState.Running, before.Address, before.PublicPort, null),
            (after.State, after.Address, after.PublicPort, after.RebuildImageId)
        );
        Assert.Equal((root.SizeGiB, VolumeState.InUse, "tiny.qcow2"), (fresh.SizeGiB, fresh.State, Engine.Read(fresh.Id)));
        Assert.NotEqual(root.Id, fresh.Id);
        await using (var db = CreateDbContext())
        {
            Assert.Equal((schedule, fresh.Id), await db.BackupSchedules.SingleAsync() is var moved ? (moved.Id, moved.VolumeId) : default);
        }

        Assert.Equal(new[] { data, fresh.Id }.Order(StringComparer.Ordinal), Engine.Volumes.Order(StringComparer.Ordinal));
        Assert.Equal("kept", Engine.Read(data));
        Assert.Equal(Volume.RootDevice, Assert.Single(Engine.Machines).Live[fresh.Id]);
        Assert.Equal("sdb", Engine.Machines[0].Live[data]);
        Assert.Equal(1, (await SpansAsync(id)).Count(span => span.ResourceId == id && span.To == null));
        Assert.Equal(
            [data, fresh.Id],
            (await SpansAsync(id))
                .Where(span => span.ResourceId != id && span.To == null)
                .Select(span => span.ResourceId)
                .OrderBy(volume => volume == fresh.Id)
        );
    }

    /// <summary>Its schedule's id.</summary>
    private async Task<string> BackUpAsync(Volume volume)
    {
        await using var db = CreateDbContext();
        var schedule = new BackupSchedule
        {
            Id = ResourceIds.New(BackupSchedule.Prefix),
            AccountId = volume.AccountId,
            RegionId = volume.RegionId,
            VolumeId = volume.Id,
            CreatedAt = Clock.GetUtcNow(),
        };
        schedule.Set(BackupWish.Default, Clock.GetUtcNow());
        db.BackupSchedules.Add(schedule);
        await db.SaveChangesAsync();
        return schedule.Id;
    }

    [Fact]
    public async Task A_disk_that_is_to_outlive_its_instance_outlives_a_rebuilding_too()
    {
        var id = await SettleAsync(await RequestAsync());
        var root = await RootAsync(id);
        Engine.Write(root.Id, "precious");
        await ChangeAsync(id, instance => instance.Volumes.Single().SetDeleteOnTermination(false));
        await AskToRebuildAsync(id);
        await SettleAsync(id);
        await using var db = CreateDbContext();
        var kept = await db.Volumes.SingleAsync(volume => volume.Id == root.Id);
        Assert.Equal((VolumeState.Available, null, "precious"), (kept.State, kept.InstanceId, Engine.Read(kept.Id)));
        Assert.Equal(2, Engine.Volumes.Count);
    }

    [Fact]
    public async Task A_stopped_instance_stays_stopped_through_a_rebuilding()
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await SettleAsync(id);
        await AskToRebuildAsync(id);
        await SettleAsync(id);
        var instance = await LoadAsync(id);
        Assert.Equal((InstanceState.Stopped, null), (instance.State, instance.Deadline));
        Assert.Equal(MachinePower.Off, Assert.Single(Engine.Machines).Power);
        Assert.DoesNotContain(await SpansAsync(id), span => span.ResourceId == id && span.To is null);
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_a_rebuilding()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                var id = await SettleAsync(await RequestAsync());
                Engine.FailOnce(verb, point);
                await AskToRebuildAsync(id);
                await SettleAsync(id);
                Assert.Equal(InstanceState.Running, (await LoadAsync(id)).State);
                Assert.Equal([(await RootAsync(id)).Id], Engine.Volumes);
                await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.Empty(Engine.Volumes);
                Assert.All(await SpansAsync(id), span => Assert.NotNull(span.To));
            }
        }
    }

    [Fact]
    public async Task One_that_is_terminated_before_it_was_rebuilt_goes()
    {
        var id = await SettleAsync(await RequestAsync());
        await AskToRebuildAsync(id);
        await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Equal(InstanceState.Terminated, (await LoadAsync(id)).State);
        Assert.Empty(Engine.Volumes);
        Assert.Empty(Engine.Machines);
    }

    private Task AskToRebuildAsync(string id) =>
        ChangeAsync(
            id,
            instance =>
            {
                instance.Image.State = ImageState.Available;
                return instance.RequestRebuild(instance.Image, Clock.GetUtcNow());
            }
        );

    private async Task<Volume> RootAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == id && volume.IsRoot);
    }

    private async Task<string> AttachAsync(string id)
    {
        await using var db = CreateDbContext();
        var volume = Owner.AVolume(2, Clock.GetUtcNow());
        db.Volumes.Add(volume);
        await db.SaveChangesAsync();
        await SettleVolumesAsync();
        await db.Entry(volume).ReloadAsync();
        Assert.Null(
            volume
                .RequestAttach(
                    await db.Instances.SingleAsync(instance => instance.Id == id),
                    "sdb",
                    deleteOnTermination: false,
                    Clock.GetUtcNow()
                )
                .Reason
        );
        await db.SaveChangesAsync();
        await SettleVolumesAsync();
        return volume.Id;
    }
}
