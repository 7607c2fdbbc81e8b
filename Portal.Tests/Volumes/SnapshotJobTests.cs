using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Volumes;

[Trait("Needs", "database")]
public sealed class SnapshotJobTests(TestPostgres postgres) : VolumeScene(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(IVolumeEngine.EnsureSnapshotAsync),
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
        nameof(IVolumeEngine.RemoveSnapshotAsync),
    ];

    [Fact]
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_and_what_was_on_the_volume_comes_back()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                var volume = await AVolumeAsync("as it was");
                Engine.FailOnce(verb, point);
                var snapshot = await TakeAsync(volume);
                await SettleAsync(snapshot);
                Engine.Write(volume, "as it is");
                Assert.Equal("completed", (await LoadAsync(snapshot)).Status);
                await DeleteVolumeAsync(volume);
                var restored = await AVolumeAsync(null, snapshot);
                await DeleteAsync(snapshot);
                await SettleAsync(snapshot);
                Assert.Equal(("deleted", "as it was"), ((await LoadAsync(snapshot)).Status, Engine.Read(restored)));
                Assert.DoesNotContain(snapshot, Engine.Snapshots);
                Assert.All(await SpansAsync(snapshot), span => Assert.NotNull(span.To));
                await DeleteVolumeAsync(restored);
            }
        }
    }

    [Fact]
    public async Task Runs_at_once_take_one_snapshot_and_what_it_stores_is_billed_from_when_it_is_complete_until_it_is_gone()
    {
        var snapshot = await TakeAsync(await AVolumeAsync("data"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdvanceAsync(snapshot)));
        await SettleAsync(snapshot);
        Clock.Advance(TimeSpan.FromHours(5));
        await DeleteAsync(snapshot);
        await SettleAsync(snapshot);
        var span = Assert.Single(await SpansAsync(snapshot));
        Assert.Equal(
            (Skus.Snapshot, decimal.Round(3m / 1024, 6), TimeSpan.FromHours(5)),
            (span.Sku, span.Quantity, span.To!.Value - span.From)
        );
    }

    [Fact]
    public async Task While_its_snapshot_is_being_taken_a_volume_waits_with_what_is_asked_of_it()
    {
        Engine.ObservationsUntilCopied = null;
        var volume = await AVolumeAsync("data");
        var snapshot = await TakeAsync(volume);
        await AdvanceAsync(snapshot);
        await ChangeVolumeAsync(volume, one => one.RequestDelete(Clock.GetUtcNow()));
        Clock.Advance(Volume.DeleteLimit);
        await AdvanceAsync(volume);
        await using var db = CreateDbContext();
        var waiting = await db.Volumes.AsNoTracking().SingleAsync(one => one.Id == volume, Ct);
        Assert.Equal(("deleting", true), (waiting.Status, waiting.Deadline > Clock.GetUtcNow()));
        Assert.StartsWith("A snapshot of it is being taken", waiting.Waiting, StringComparison.Ordinal);
        Assert.Contains(volume, Engine.Volumes);

        // Given up, it holds nothing back.
        await DeleteAsync(snapshot);
        await SettleAsync(snapshot);
        await AdvanceAsync(volume);
        Assert.DoesNotContain(volume, Engine.Volumes);
    }

    [Fact]
    public async Task One_that_is_to_go_stays_until_the_volume_that_is_made_from_it_is_there()
    {
        var snapshot = await TakeAsync(await AVolumeAsync("data"));
        await SettleAsync(snapshot);
        var restored = await RequestVolumeAsync(snapshot);
        await DeleteAsync(snapshot);
        await AdvanceAsync(snapshot);
        Assert.Contains(snapshot, Engine.Snapshots);
        await AdvanceAsync(restored);
        await SettleAsync(snapshot);
        Assert.Equal("data", Engine.Read(restored));
        Assert.DoesNotContain(snapshot, Engine.Snapshots);
    }

    [Fact]
    public async Task Away_it_waits_rejected_it_says_why_and_late_an_incident_opens()
    {
        var volume = await AVolumeAsync("data");
        var (waits, fails) = (await TakeAsync(volume), await TakeAsync(volume));
        Engine.Away = "libvirt does not answer";
        await AdvanceAsync(waits);
        Assert.Contains("continue automatically", (await LoadAsync(waits)).Waiting, StringComparison.Ordinal);
        Clock.Advance(TimeSpan.FromHours(1));
        await Get<SnapshotSweep>().SweepAsync(Ct);
        await using (var db = CreateDbContext())
        {
            Assert.Equal(2, await db.Incidents.CountAsync(incident => incident.Kind == "deadline" && incident.ClosedAt == null, Ct));
        }

        Engine.Away = null;
        await SettleAsync(waits);
        Engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
        await SettleAsync(fails);
        Assert.Equal(
            ("completed", "error", true),
            ((await LoadAsync(waits)).Status, (await LoadAsync(fails)).Status, (await LoadAsync(fails)).LastError is not null)
        );
        await Get<SnapshotSweep>().SweepAsync(Ct);
        await using var after = CreateDbContext();
        Assert.Equal(0, await after.Incidents.CountAsync(incident => incident.ClosedAt == null, Ct));
    }

    [Fact]
    public async Task The_patrol_removes_what_is_to_be_gone_and_tells_of_strangers_and_of_what_is_lost()
    {
        var volume = await AVolumeAsync("data");
        var (gone, lost) = (await TakeAsync(volume), await TakeAsync(volume));
        await SettleAsync(gone);
        await SettleAsync(lost);
        await DeleteAsync(gone);
        await SettleAsync(gone);

        // A call of a killed worker that had its effect late, one of nobody, and one that the host lost.
        var strange = ResourceIds.New("snap");
        await Engine.EnsureSnapshotAsync(new SnapshotSpec(gone, Owner.Account.Id, volume), Ct);
        await Engine.EnsureSnapshotAsync(new SnapshotSpec(strange, "", volume), Ct);
        Engine.LoseSnapshot(lost);
        await Get<SnapshotPatrol>().SweepAsync(Ct);
        Assert.DoesNotContain(gone, Engine.Snapshots);
        await using var db = CreateDbContext();
        Assert.Equal(
            new Dictionary<string, string> { [strange] = "orphan", [lost] = "lost" },
            await db.Incidents.ToDictionaryAsync(incident => incident.ResourceId, incident => incident.Kind, Ct)
        );
    }

    private async Task<string> AVolumeAsync(string? content, string? snapshot = null)
    {
        var id = await RequestVolumeAsync(snapshot);
        await SettleAsync(id);
        if (content is not null)
        {
            Engine.Write(id, content);
        }

        return id;
    }

    private async Task<string> TakeAsync(string volumeId)
    {
        await using var db = CreateDbContext();
        var volume = await db.Volumes.SingleAsync(volume => volume.Id == volumeId, Ct);
        var snapshot = new Snapshot
        {
            Id = ResourceIds.New("snap"),
            AccountId = volume.AccountId,
            Name = "copy",
            CreatedAt = Clock.GetUtcNow(),
            ProjectId = volume.ProjectId,
            RegionId = volume.RegionId,
            VolumeId = volume.Id,
            SizeGiB = volume.MadeGiB,
            RequestToken = ResourceIds.New("token"),
        }.Requested(Clock.GetUtcNow());
        db.Snapshots.Add(snapshot);
        await db.SaveChangesAsync(Ct);
        return snapshot.Id;
    }

    private async Task DeleteAsync(string id)
    {
        await using var db = CreateDbContext();
        Assert.Null(
            (await db.Snapshots.SingleAsync(snapshot => snapshot.Id == id, Ct)).RequestDelete(Clock.GetUtcNow()) is var outcome
                ? outcome.Reason
                : null
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task DeleteVolumeAsync(string id)
    {
        await ChangeVolumeAsync(id, volume => volume.RequestDelete(Clock.GetUtcNow()));
        await SettleAsync(id);
    }

    private async Task<Snapshot> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct);
    }
}
