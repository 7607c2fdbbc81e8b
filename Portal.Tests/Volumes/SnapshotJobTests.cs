using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Volumes;

[Trait("Needs", "database")]
public sealed class SnapshotJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(IVolumeEngine.EnsureSnapshotAsync),
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
        nameof(IVolumeEngine.RemoveSnapshotAsync),
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
    public async Task Each_engine_call_may_fail_before_or_after_its_effect_and_what_was_on_the_volume_comes_back()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                var volume = await AVolumeAsync("as it was");
                engine.FailOnce(verb, point);
                var snapshot = await TakeAsync(volume);
                await SettleAsync(snapshot);
                engine.Write(volume, "as it is");
                Assert.Equal("completed", (await LoadAsync(snapshot)).Status);
                await DeleteVolumeAsync(volume);
                var restored = await AVolumeAsync(null, snapshot);
                await DeleteAsync(snapshot);
                await SettleAsync(snapshot);
                Assert.Equal(("deleted", "as it was"), ((await LoadAsync(snapshot)).Status, engine.Read(restored)));
                Assert.DoesNotContain(snapshot, engine.Snapshots);
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
        clock.Advance(TimeSpan.FromHours(5));
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
        engine.ObservationsUntilCopied = null;
        var volume = await AVolumeAsync("data");
        var snapshot = await TakeAsync(volume);
        await AdvanceAsync(snapshot);
        await ChangeAsync(volume, one => one.RequestDelete(clock.GetUtcNow()));
        clock.Advance(Volume.DeleteLimit);
        await services.GetRequiredService<IVolumeJob>().AdvanceAsync(volume, Ct);
        await using var db = CreateDbContext();
        var waiting = await db.Volumes.AsNoTracking().SingleAsync(one => one.Id == volume, Ct);
        Assert.Equal(("deleting", true), (waiting.Status, waiting.Deadline > clock.GetUtcNow()));
        Assert.StartsWith("A snapshot of it is being taken", waiting.Waiting, StringComparison.Ordinal);
        Assert.Contains(volume, engine.Volumes);

        // Given up, it holds nothing back.
        await DeleteAsync(snapshot);
        await SettleAsync(snapshot);
        await services.GetRequiredService<IVolumeJob>().AdvanceAsync(volume, Ct);
        Assert.DoesNotContain(volume, engine.Volumes);
    }

    [Fact]
    public async Task One_that_is_to_go_stays_until_the_volume_that_is_made_from_it_is_there()
    {
        var snapshot = await TakeAsync(await AVolumeAsync("data"));
        await SettleAsync(snapshot);
        var restored = await RequestAsync(snapshot);
        await DeleteAsync(snapshot);
        await AdvanceAsync(snapshot);
        Assert.Contains(snapshot, engine.Snapshots);
        await services.GetRequiredService<IVolumeJob>().AdvanceAsync(restored, Ct);
        await SettleAsync(snapshot);
        Assert.Equal("data", engine.Read(restored));
        Assert.DoesNotContain(snapshot, engine.Snapshots);
    }

    [Fact]
    public async Task Away_it_waits_rejected_it_says_why_and_late_an_incident_opens()
    {
        var volume = await AVolumeAsync("data");
        var (waits, fails) = (await TakeAsync(volume), await TakeAsync(volume));
        engine.Away = "libvirt does not answer";
        await AdvanceAsync(waits);
        Assert.Contains("continue automatically", (await LoadAsync(waits)).Waiting, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromHours(1));
        await services.GetRequiredService<SnapshotSweep>().SweepAsync(Ct);
        await using (var db = CreateDbContext())
        {
            Assert.Equal(2, await db.Incidents.CountAsync(incident => incident.Kind == "deadline" && incident.ClosedAt == null, Ct));
        }

        engine.Away = null;
        await SettleAsync(waits);
        engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
        await SettleAsync(fails);
        Assert.Equal(
            ("completed", "error", true),
            ((await LoadAsync(waits)).Status, (await LoadAsync(fails)).Status, (await LoadAsync(fails)).LastError is not null)
        );
        await services.GetRequiredService<SnapshotSweep>().SweepAsync(Ct);
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
        await engine.EnsureSnapshotAsync(new SnapshotSpec(gone, tenant.Account.Id, volume), Ct);
        await engine.EnsureSnapshotAsync(new SnapshotSpec(strange, "", volume), Ct);
        engine.LoseSnapshot(lost);
        await services.GetRequiredService<SnapshotPatrol>().SweepAsync(Ct);
        Assert.DoesNotContain(gone, engine.Snapshots);
        await using var db = CreateDbContext();
        Assert.Equal(
            new Dictionary<string, string> { [strange] = "orphan", [lost] = "lost" },
            await db.Incidents.ToDictionaryAsync(incident => incident.ResourceId, incident => incident.Kind, Ct)
        );
    }

    private async Task<string> AVolumeAsync(string? content, string? snapshot = null)
    {
        var id = await RequestAsync(snapshot);
        await SettleVolumeAsync(id);
        if (content is not null)
        {
            engine.Write(id, content);
        }

        return id;
    }

    private async Task<string> RequestAsync(string? snapshot = null)
    {
        await using var db = CreateDbContext();
        var volume = tenant.AVolume(2, clock.GetUtcNow(), snapshotId: snapshot);
        db.Volumes.Add(volume);
        await db.SaveChangesAsync(Ct);
        return volume.Id;
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
            CreatedAt = clock.GetUtcNow(),
            ProjectId = volume.ProjectId,
            RegionId = volume.RegionId,
            VolumeId = volume.Id,
            SizeGiB = volume.MadeGiB,
            RequestToken = ResourceIds.New("token"),
        }.Requested(clock.GetUtcNow());
        db.Snapshots.Add(snapshot);
        await db.SaveChangesAsync(Ct);
        return snapshot.Id;
    }

    private async Task DeleteAsync(string id)
    {
        await using var db = CreateDbContext();
        Assert.Null(
            (await db.Snapshots.SingleAsync(snapshot => snapshot.Id == id, Ct)).RequestDelete(clock.GetUtcNow()) is var outcome
                ? outcome.Reason
                : null
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task ChangeAsync(string id, Func<Volume, Outcome> request)
    {
        await using var db = CreateDbContext();
        Assert.Null(request(await db.Volumes.SingleAsync(volume => volume.Id == id, Ct)).Reason);
        await db.SaveChangesAsync(Ct);
    }

    private async Task DeleteVolumeAsync(string id)
    {
        await ChangeAsync(id, volume => volume.RequestDelete(clock.GetUtcNow()));
        await SettleVolumeAsync(id);
    }

    private Task AdvanceAsync(string id) => services.GetRequiredService<ISnapshotJob>().AdvanceAsync(id, Ct);

    private async Task SettleVolumeAsync(string id)
    {
        await using var db = CreateDbContext();
        for (var round = 0; round < 20 && (await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled; round++)
        {
            await services.GetRequiredService<IVolumeJob>().AdvanceAsync(id, Ct);
        }

        Assert.False((await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled, $"{id} did not settle.");
    }

    private async Task SettleAsync(string id)
    {
        for (var round = 0; round < 20 && (await LoadAsync(id)).IsUnsettled; round++)
        {
            await AdvanceAsync(id);
        }

        Assert.False((await LoadAsync(id)).IsUnsettled, $"{id} did not settle.");
    }

    private async Task<Snapshot> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct);
    }

    private async Task<List<UsageSpan>> SpansAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == id).OrderBy(span => span.From).ToListAsync(Ct);
    }
}
