using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A machine that is made together with a volume besides its root disk.</summary>
[Trait("Needs", "database")]
public sealed class InstanceWithVolumeTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task A_volume_asked_for_with_its_instance_is_there_at_the_first_boot_and_billed()
    {
        var (id, data) = await RequestWithVolumeAsync();
        await AdvanceAsync(id);
        Assert.Equal("sdb", Assert.Single(Engine.Machines).Live[data]);
        Assert.Equal(1, Engine.Machines[0].Starts);
        await SettleAsync(id);
        var volume = await ReadVolumeAsync(data);
        Assert.Equal((VolumeState.InUse, 2, id, null), (volume.State, volume.MadeGiB, volume.InstanceId, volume.Deadline));
        Assert.Equal(2, Assert.Single(await SpansAsync(id), span => span.ResourceId == data).Quantity);
    }

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_when_an_instance_comes_with_a_volume()
    {
        foreach (var verb in (string[])[.. Verbs, nameof(IVolumeEngine.EnsureAttachedAsync)])
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Engine.FailOnce(verb, point);
                var (id, data) = await RequestWithVolumeAsync();
                await SettleAsync(id);
                Assert.Equal(
                    (InstanceState.Running, VolumeState.InUse),
                    ((await LoadAsync(id)).State, (await ReadVolumeAsync(data)).State)
                );
                await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
                await SettleAsync(id);
                Assert.Equal(VolumeState.Available, (await ReadVolumeAsync(data)).State);
                await using var db = CreateDbContext();
                Assert.True((await db.Volumes.SingleAsync(volume => volume.Id == data)).RequestDelete(Clock.GetUtcNow()).IsDone);
                await db.SaveChangesAsync();
                await SettleVolumesAsync();
                Assert.Empty(Engine.Volumes);
                Assert.Empty(Engine.Machines);
            }
        }
    }

    [Fact]
    public async Task A_volume_that_the_engine_will_not_make_is_let_go_of_and_the_instance_runs_without_it()
    {
        var (id, data) = await RequestWithVolumeAsync(snapshotId: ResourceIds.New("snap"));
        await SettleAsync(id);
        var volume = await ReadVolumeAsync(data);
        Assert.Equal((InstanceState.Running, VolumeState.Error, null), ((await LoadAsync(id)).State, volume.State, volume.InstanceId));
        Assert.NotNull(volume.LastError);
        Assert.Null(volume.WhyNotDelete);
        Assert.DoesNotContain(data, Assert.Single(Engine.Machines).Live.Keys);
        Assert.DoesNotContain(await SpansAsync(id), span => span.ResourceId == data);
    }

    private async Task<(string Instance, string Volume)> RequestWithVolumeAsync(string? snapshotId = null)
    {
        await using var db = CreateDbContext();
        var instance = await Owner.RequestAsync(db, Clock.GetUtcNow());
        var volume = Owner.AVolume(2, Clock.GetUtcNow(), snapshotId: snapshotId).For(instance, "sdb", deleteOnTermination: false);
        db.Volumes.Add(volume);
        await db.SaveChangesAsync();
        return (instance.Id, volume.Id);
    }

    private async Task<Volume> ReadVolumeAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id);
    }
}
