using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>Snapshots asked for and changed in the database: once, within quotas, and nobody else's.</summary>
[Trait("Needs", "database")]
public sealed class CreateSnapshotTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private CreateSnapshot Create => new(this, clock);

    private ChangeSnapshot Change => new(this, clock);

    private CreateVolume Volumes => new(this, clock);

    [Fact]
    public async Task One_request_sent_twenty_times_at_once_takes_one_snapshot_with_an_audit_row()
    {
        var (actor, volume) = await AVolumeAsync();
        var wish = Wish(volume);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Create.RunAsync(actor, wish, Ct))));
        var made = Assert.Single(outcomes.Select(outcome => Done(outcome).Id).Distinct());
        await using var db = CreateDbContext();
        var stored = await db.Snapshots.SingleAsync(Ct);
        Assert.Equal((made, volume, 4, "pending"), (stored.Id, stored.VolumeId, stored.SizeGiB, stored.Status));
        Assert.Equal(
            ["CreateSnapshot"],
            await db.AuditEntries.Where(row => row.ResourceId == made).Select(row => row.Action).ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task Thirty_parallel_requests_against_a_quota_of_ten_give_exactly_ten()
    {
        var (actor, volume) = await AVolumeAsync();
        await using (var db = CreateDbContext())
        {
            await db.Accounts.ExecuteUpdateAsync(account => account.SetProperty(row => row.SnapshotLimit, 10), Ct);
        }

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(() => Create.RunAsync(actor, Wish(volume), Ct))));
        Assert.Equal(10, outcomes.Count(outcome => outcome.IsDone));
        Assert.All(
            outcomes.Where(outcome => !outcome.IsDone),
            outcome => Assert.StartsWith("Your quota is 10 snapshots and you have 10", outcome.Reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Nonsense_anothers_volume_and_one_that_is_not_there_are_refused_with_a_sentence()
    {
        var (actor, volume) = await AVolumeAsync();
        var (stranger, _) = await AVolumeAsync();
        Assert.Equal("There is no such volume.", (await Create.RunAsync(stranger, Wish(volume), Ct)).Reason);
        Assert.Equal("Give it a name.", (await Create.RunAsync(actor, Wish(volume) with { Name = " " }, Ct)).Reason);
        var unmade = (
            await Volumes.RunAsync(
                actor,
                new NewVolume
                {
                    Name = "new",
                    SizeGiB = 1,
                    RequestToken = "new",
                },
                Ct
            )
        ).Value!.Id;
        Assert.Equal("It is still being made.", (await Create.RunAsync(actor, Wish(unmade), Ct)).Reason);
        await new ChangeVolume(this, clock).DeleteAsync(actor, volume, Ct);
        Assert.Equal("It is deleting.", (await Create.RunAsync(actor, Wish(volume), Ct)).Reason);
    }

    [Fact]
    public async Task A_pending_snapshot_is_promised_as_much_room_as_its_volume_has()
    {
        var (actor, volume) = await AVolumeAsync();
        await using (var db = CreateDbContext())
        {
            await db.Regions.ExecuteUpdateAsync(
                region => region.SetProperty(row => row.SeenAt, AnAccount.Now).SetProperty(row => row.FreeDiskGiB, 6),
                Ct
            );
        }

        Done(await Create.RunAsync(actor, Wish(volume), Ct));
        Assert.Equal(
            "There is no room for 4 GiB at the moment; the region has 2 GiB left.",
            (await Create.RunAsync(actor, Wish(volume), Ct)).Reason
        );
        Assert.Equal(
            "There is no room for 3 GiB at the moment; the region has 2 GiB left.",
            (
                await Volumes.RunAsync(
                    actor,
                    new NewVolume
                    {
                        Name = "new",
                        SizeGiB = 3,
                        RequestToken = "new",
                    },
                    Ct
                )
            ).Reason
        );
    }

    [Fact]
    public async Task A_volume_is_made_from_a_complete_snapshot_of_ones_own_and_is_at_least_as_large()
    {
        var (actor, volume) = await AVolumeAsync();
        var (stranger, _) = await AVolumeAsync();
        var snapshot = Done(await Create.RunAsync(actor, Wish(volume), Ct)).Id;
        NewVolume Restored(int size) =>
            new()
            {
                Name = "again",
                SizeGiB = size,
                SnapshotId = snapshot,
                RequestToken = $"{size}",
            };
        Assert.Equal("It is not complete yet.", (await Volumes.RunAsync(actor, Restored(4), Ct)).Reason);
        await CompleteAsync(snapshot);
        Assert.Equal("There is no such snapshot.", (await Volumes.RunAsync(stranger, Restored(4), Ct)).Reason);
        Assert.Equal(
            "copy is of a volume of 4 GiB: what is made from it has at least as many.",
            (await Volumes.RunAsync(actor, Restored(3), Ct)).Reason
        );
        var made = await Volumes.RunAsync(actor, Restored(5), Ct);
        Assert.Equal((snapshot, 5), (made.Value!.SnapshotId, made.Value.SizeGiB));
        await Change.DeleteAsync(actor, snapshot, Ct);
        Assert.Equal("It is deleting.", (await Volumes.RunAsync(actor, Restored(6), Ct)).Reason);
    }

    [Fact]
    public async Task An_instance_begins_as_a_snapshot_of_a_root_disk_of_ones_own_on_a_size_that_is_large_enough()
    {
        var (actor, volume) = await AVolumeAsync();
        var (stranger, _) = await AVolumeAsync();
        var image = await AnAccount.ImageAsync(this);
        var instances = new CreateInstance(this, clock);
        var first = (await instances.RunAsync(actor, AnAccount.Wish(image) with { SizeId = "t1.micro" }, Ct)).Value![0];
        string root;
        await using (var db = CreateDbContext())
        {
            var disk = await db.Volumes.SingleAsync(one => one.InstanceId == first.Id, Ct);
            disk.ObserveMade(disk.SizeGiB);
            await db.SaveChangesAsync(Ct);
            root = disk.Id;
        }

        var (snapshot, data) = (
            Done(await Create.RunAsync(actor, Wish(root), Ct)).Id,
            Done(await Create.RunAsync(actor, Wish(volume), Ct)).Id
        );
        NewInstances Clone(string id, string size) => AnAccount.Wish(image) with { SnapshotId = id, SizeId = size };
        Assert.Equal("It is not complete yet.", (await instances.RunAsync(actor, Clone(snapshot, "t1.micro"), Ct)).Reason);
        await CompleteAsync(snapshot);
        await CompleteAsync(data);
        Assert.Equal("There is no such snapshot of a root disk.", (await instances.RunAsync(actor, Clone(data, "t1.micro"), Ct)).Reason);
        Assert.Equal(
            "There is no such snapshot of a root disk.",
            (await instances.RunAsync(stranger, Clone(snapshot, "t1.micro"), Ct)).Reason
        );
        Assert.StartsWith(
            "copy is of a volume of 8 GiB",
            (await instances.RunAsync(actor, Clone(snapshot, "t1.nano"), Ct)).Reason,
            StringComparison.Ordinal
        );
        var clone = (await instances.RunAsync(actor, Clone(snapshot, "t1.micro"), Ct)).Value![0];
        Assert.Equal((snapshot, image.Id), clone.Volumes.Single() is var disks ? (disks.SnapshotId, disks.ImageId) : default);
    }

    [Fact]
    public async Task It_is_renamed_tagged_listed_and_deleted_by_its_owner_only()
    {
        var (actor, volume) = await AVolumeAsync();
        var (stranger, _) = await AVolumeAsync();
        var id = Done(await Create.RunAsync(actor, Wish(volume), Ct)).Id;
        ResourceChange[] tried =
        [
            await Change.RenameAsync(stranger, id, "mine", Ct),
            await Change.TagAsync(stranger, id, new Dictionary<string, string>(), Ct),
            await Change.DeleteAsync(stranger, id, Ct),
        ];
        Assert.All(tried, change => Assert.Equal("There is no such snapshot.", change.Outcome.Reason));
        Assert.Null((await Change.RenameAsync(actor, id, "before the upgrade", Ct)).Outcome.Reason);
        Assert.Null((await Change.TagAsync(actor, id, new Dictionary<string, string> { ["env"] = "test" }, Ct)).Outcome.Reason);
        Done(await Create.RunAsync(actor, Wish(volume), Ct));

        await using var db = CreateDbContext();
        async Task<List<string>> NamesAsync(SnapshotQuery query) =>
            [.. (await query.PageAsync(db, actor.AccountId, AnAccount.Now, 0, 50, Ct)).Lines.Select(line => line.Name)];
        Assert.Equal(["before the upgrade", "copy"], await NamesAsync(new SnapshotQuery(Order: SnapshotOrder.Name, Ascending: true)));
        Assert.Equal(["before the upgrade"], await NamesAsync(new SnapshotQuery(Search: "UPGRADE")));
        Assert.Equal(["before the upgrade"], await NamesAsync(new SnapshotQuery(Tag: "env=test")));
        Assert.Equal(2, (await NamesAsync(new SnapshotQuery(Search: volume, Status: "pending"))).Count);
        Assert.Empty(await NamesAsync(new SnapshotQuery(Status: "completed")));
        Assert.Null((await Change.DeleteAsync(actor, id, Ct)).Outcome.Reason);
        Assert.Equal("It is deleting already.", (await Change.DeleteAsync(actor, id, Ct)).Outcome.Reason);
        Assert.Equal(
            new Dictionary<string, int> { ["deleting"] = 1, ["pending"] = 1 },
            await new SnapshotQuery().CountAsync(db, actor.AccountId, AnAccount.Now, Ct)
        );
        Assert.Empty(await SnapshotQuery.OfVolumeAsync(db, stranger.AccountId, volume, AnAccount.Now, Ct));
    }

    private static NewSnapshot Wish(string volumeId) => new(volumeId, "copy", Guid.NewGuid().ToString("N"));

    private static Snapshot Done(Outcome<Snapshot> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private async Task<(Actor Actor, string VolumeId)> AVolumeAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = (
            await Volumes.RunAsync(
                actor,
                new NewVolume
                {
                    Name = "data",
                    SizeGiB = 4,
                    RequestToken = "data",
                },
                Ct
            )
        ).Value!;
        await using var db = CreateDbContext();
        (await db.Volumes.SingleAsync(volume => volume.Id == made.Id, Ct)).ObserveMade(4);
        await db.SaveChangesAsync(Ct);
        return (actor, made.Id);
    }

    private async Task CompleteAsync(string id)
    {
        await using var db = CreateDbContext();
        (await db.Snapshots.SingleAsync(snapshot => snapshot.Id == id, Ct)).Observe(
            new SnapshotObservation(true, 1 << 20, AnAccount.Now, false),
            AnAccount.Now
        );
        await db.SaveChangesAsync(Ct);
    }
}
