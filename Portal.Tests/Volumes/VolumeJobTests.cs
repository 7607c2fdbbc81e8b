using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Volumes;

[Trait("Needs", "database")]
public sealed class VolumeJobTests(TestPostgres postgres) : VolumeScene(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IVolumeEngine.EnsureAttachedAsync),
        nameof(IVolumeEngine.EnsureDetachedAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
    ];

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_in_a_whole_life_and_nothing_written_is_lost()
    {
        var instanceId = await RunningInstanceAsync();
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Engine.FailOnce(verb, point);
                var id = await SettleAsync(await RequestVolumeAsync());
                Assert.Equal("available", (await VolumeAsync(id)).Status);
                await AttachAsync(id, instanceId);
                Assert.Equal("in-use", (await VolumeAsync(await SettleAsync(id))).Status);
                Engine.Write(id, "synced");
                await ChangeVolumeAsync(id, volume => volume.RequestGrow(5, Clock.GetUtcNow()));
                Assert.Equal(
                    (5, 5),
                    (await VolumeAsync(await SettleAsync(id))) is var grown ? (grown.MadeGiB, Engine.GuestSizeOf(instanceId, id)) : default
                );
                await ChangeVolumeAsync(id, volume => volume.RequestDetach(Clock.GetUtcNow()));
                Assert.Equal("available", (await VolumeAsync(await SettleAsync(id))).Status);
                Assert.Equal("synced", Engine.Read(id));
                await ChangeVolumeAsync(id, volume => volume.RequestDelete(Clock.GetUtcNow()));
                Assert.Equal("deleted", (await VolumeAsync(await SettleAsync(id))).Status);
                Assert.DoesNotContain(id, Engine.Volumes);
                Assert.All(await SpansAsync(id), span => Assert.NotNull(span.To));
            }
        }
    }

    [Fact]
    public async Task Two_runs_at_once_make_one_volume_that_is_billed_once()
    {
        var id = await RequestVolumeAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdvanceAsync(id)));
        await SettleAsync(id);
        Assert.Single(Engine.Volumes);
        Assert.Equal(
            (Skus.Volume(VolumeType.Standard), 2m, null),
            Assert.Single(await SpansAsync(id)) is var span ? (span.Sku, span.Quantity, span.To) : default
        );
    }

    [Fact]
    public async Task Each_gib_is_billed_from_the_moment_it_is_there_until_it_is_gone()
    {
        var id = await SettleAsync(await RequestVolumeAsync());
        Clock.Advance(TimeSpan.FromHours(2));
        await ChangeVolumeAsync(id, volume => volume.RequestGrow(6, Clock.GetUtcNow()));
        Assert.Equal([2m], (await SpansAsync(id)).Select(span => span.Quantity));
        await SettleAsync(id);
        Clock.Advance(TimeSpan.FromHours(3));
        await ChangeVolumeAsync(id, volume => volume.RequestDelete(Clock.GetUtcNow()));
        await SettleAsync(id);
        Assert.Equal(
            [(2m, TimeSpan.FromHours(2)), (6m, TimeSpan.FromHours(3))],
            (await SpansAsync(id)).Select(span => (span.Quantity, span.To!.Value - span.From))
        );
    }

    [Fact]
    public async Task A_guest_that_does_not_let_go_is_waited_for_and_past_the_deadline_an_incident_opens()
    {
        Engine.ObservationsUntilDetached = null;
        var (instanceId, id) = (await RunningInstanceAsync(), await SettleAsync(await RequestVolumeAsync()));
        await AttachAsync(id, instanceId);
        await SettleAsync(id);
        await ChangeVolumeAsync(id, volume => volume.RequestDetach(Clock.GetUtcNow()));
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(
            ("detaching", "The guest has not let go of it yet."),
            (await VolumeAsync(id)) is var waiting ? (waiting.Status, waiting.Waiting) : default
        );

        Clock.Advance(Volume.DetachLimit + TimeSpan.FromSeconds(1));
        await Get<VolumeSweep>().SweepAsync(Ct);
        Assert.Null((await IncidentAsync(id)).ClosedAt);

        Engine.ObservationsUntilDetached = 1;
        await SettleAsync(id);
        Assert.Equal(
            ("available", null, null),
            (await VolumeAsync(id)) is var free ? (free.Status, free.Waiting, free.InstanceId) : default
        );
        await Get<VolumeSweep>().SweepAsync(Ct);
        Assert.NotNull((await IncidentAsync(id)).ClosedAt);
    }

    [Fact]
    public async Task An_engine_that_is_away_makes_the_request_wait_with_a_sentence()
    {
        var id = await RequestVolumeAsync();
        Engine.Away = "libvirt does not answer";
        await AdvanceAsync(id);
        Assert.Contains("continue automatically", (await VolumeAsync(id)).Waiting, StringComparison.Ordinal);
        Engine.Away = null;
        await SettleAsync(id);
        Assert.Equal(("available", null), (await VolumeAsync(id)) is var made ? (made.Status, made.Waiting) : default);
    }

    [Fact]
    public async Task What_the_engine_rejects_leaves_things_as_they_were_and_says_why()
    {
        var (first, second) = (await RunningInstanceAsync(), await RunningInstanceAsync());
        var id = await SettleAsync(await RequestVolumeAsync());
        Engine.FailOnce(nameof(IVolumeEngine.EnsureAttachedAsync), FaultPoint.Before, EngineFault.Rejected);
        await AttachAsync(id, first);
        Assert.Equal(
            ("available", null, true),
            (await VolumeAsync(await SettleAsync(id))) is var free ? (free.Status, free.InstanceId, free.LastError is not null) : default
        );

        await AttachAsync(id, second);
        Assert.Equal(
            ("in-use", second, null),
            (await VolumeAsync(await SettleAsync(id))) is var held ? (held.Status, held.InstanceId, held.LastError) : default
        );
        Engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.Before, EngineFault.Rejected);
        await ChangeVolumeAsync(id, volume => volume.RequestGrow(9, Clock.GetUtcNow()));
        Assert.Equal(
            (2, 2, true),
            (await VolumeAsync(await SettleAsync(id))) is var kept ? (kept.SizeGiB, kept.MadeGiB, kept.LastError is not null) : default
        );
    }

    [Fact]
    public async Task With_its_instance_goes_what_is_to_go_and_the_rest_is_free_again()
    {
        var instanceId = await RunningInstanceAsync();
        var (goes, stays) = (await SettleAsync(await RequestVolumeAsync()), await SettleAsync(await RequestVolumeAsync()));
        await AttachAsync(goes, instanceId, deleteOnTermination: true);
        await AttachAsync(stays, instanceId);
        await SettleAsync(goes);
        await SettleAsync(stays);
        var root = await RootOfAsync(instanceId);
        await using (var db = CreateDbContext())
        {
            (await db.Instances.SingleAsync(instance => instance.Id == instanceId, Ct)).RequestTerminate(Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await SettleAsync(instanceId);
        Assert.Equal(
            ["deleted", "available", "deleted"],
            [
                (await VolumeAsync(await SettleAsync(goes))).Status,
                (await VolumeAsync(await SettleAsync(stays))).Status,
                (await VolumeAsync(await SettleAsync(root))).Status,
            ]
        );
        Assert.Equal([stays], Engine.Volumes);
    }

    [Fact]
    public async Task A_root_disk_that_is_to_stay_outlives_its_instance()
    {
        var instanceId = await RunningInstanceAsync();
        var root = await RootOfAsync(instanceId);
        Engine.Write(root, "a system");
        await using (var db = CreateDbContext())
        {
            (await db.Volumes.SingleAsync(volume => volume.Id == root, Ct)).DeleteOnTermination = false;
            (await db.Instances.SingleAsync(instance => instance.Id == instanceId, Ct)).RequestTerminate(Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await SettleAsync(instanceId);
        var kept = await VolumeAsync(await SettleAsync(root));
        Assert.Equal(("available", "a system", false), (kept.Status, Engine.Read(root), kept.IsRoot));
        Assert.Null(Assert.Single(await SpansAsync(root)).To);
    }

    [Fact]
    public async Task The_patrol_removes_what_is_to_be_gone_tells_of_strangers_and_of_what_is_lost_and_gives_again_what_was_pulled_out()
    {
        var instanceId = await RunningInstanceAsync();
        var (gone, lost, pulled) = (
            await SettleAsync(await RequestVolumeAsync()),
            await SettleAsync(await RequestVolumeAsync()),
            await SettleAsync(await RequestVolumeAsync())
        );
        await ChangeVolumeAsync(gone, volume => volume.RequestDelete(Clock.GetUtcNow()));
        await SettleAsync(gone);
        await AttachAsync(pulled, instanceId);
        await SettleAsync(pulled);

        // A call of a killed worker that had its effect late, a disk of nobody, one that the host lost, and one that its machine lost.
        await Engine.EnsureVolumeAsync(new VolumeSpec(gone, Owner.Account.Id, 2, 1, 1, null), Ct);
        var strange = ResourceIds.New("vol");
        await Engine.EnsureVolumeAsync(new VolumeSpec(strange, "", 1, 1, 1, null), Ct);
        Engine.LoseVolume(lost);
        Engine.PullOut(pulled);
        await Get<VolumePatrol>().SweepAsync(Ct);

        Assert.DoesNotContain(gone, Engine.Volumes);
        Assert.Equal(["orphan", "lost"], [(await IncidentAsync(strange)).Kind, (await IncidentAsync(lost)).Kind]);
        Assert.Equal("attaching", (await VolumeAsync(pulled)).Status);
        await SettleAsync(pulled);
        Assert.Equal(instanceId, (await Engine.ObserveVolumeAsync(pulled, Ct)).InstanceId);
    }

    [Fact]
    public async Task The_sweep_finds_all_that_is_unsettled_and_nothing_else()
    {
        var (asked, settled) = (await RequestVolumeAsync(), await SettleAsync(await RequestVolumeAsync()));
        await using var db = CreateDbContext();
        await Owner.RequestAsync(db, Clock.GetUtcNow());
        await Get<VolumeSweep>().SweepAsync(Ct);
        Assert.Equal(
            [asked],
            (await db.Volumes.AsNoTracking().ToListAsync(Ct)).Where(volume => volume.IsUnsettled).Select(volume => volume.Id)
        );
        Assert.NotEqual(asked, settled);
    }

    private async Task AttachAsync(string id, string instanceId, bool deleteOnTermination = false)
    {
        await using var db = CreateDbContext();
        var instance = await db.Instances.Include(instance => instance.Volumes).SingleAsync(instance => instance.Id == instanceId, Ct);
        var volume = await db.Volumes.SingleAsync(volume => volume.Id == id, Ct);
        Assert.Null(
            volume.RequestAttach(instance, $"sd{(char)('a' + instance.Volumes.Count)}", deleteOnTermination, Clock.GetUtcNow()).Reason
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task<string> RunningInstanceAsync()
    {
        await using var db = CreateDbContext();
        return await SettleAsync((await Owner.RequestAsync(db, Clock.GetUtcNow())).Id);
    }

    private async Task<string> RootOfAsync(string instanceId)
    {
        await using var db = CreateDbContext();
        return (await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == instanceId && volume.IsRoot, Ct)).Id;
    }
}
