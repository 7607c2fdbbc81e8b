using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>Instances asked for together with volumes besides their root disks: all of it or none.</summary>
[Trait("Needs", "database")]
public sealed class CreateInstanceVolumesTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private CreateInstance Create => new(this, clock);

    [Fact]
    public async Task Each_instance_gets_volumes_of_its_own_in_their_places_with_names_and_audit_rows()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var wish = AnAccount.Wish(await AnAccount.ImageAsync(this), count: 2) with
        {
            Volumes = [new(3), new(5, "fast", DeleteOnTermination: true)],
        };
        var made = Done(await Create.RunAsync(actor, wish, Ct));
        await using var db = CreateDbContext();
        foreach (var instance in made)
        {
            var volumes = await db
                .Volumes.Where(volume => volume.InstanceId == instance.Id && !volume.IsRoot)
                .OrderBy(volume => volume.Device)
                .ToListAsync(Ct);
            Assert.Equal(
                [($"{instance.Name} data 1", "sdb", 3, "standard", false), ($"{instance.Name} data 2", "sdc", 5, "fast", true)],
                volumes.Select(volume => (volume.Name, volume.Device, volume.SizeGiB, volume.TypeId, volume.DeleteOnTermination))
            );
            Assert.All(volumes, volume => Assert.Equal(("creating", AnAccount.Now + Volume.MakeLimit), (volume.Status, volume.Deadline)));
            Assert.Equal(
                2,
                (await db.AuditEntries.Where(row => row.Action == "CreateVolume").ToListAsync(Ct)).Count(row =>
                    row.After!.Contains(instance.Id, StringComparison.Ordinal)
                )
            );
        }

        Assert.Equal(made.Select(instance => instance.Id), Done(await Create.RunAsync(actor, wish, Ct)).Select(instance => instance.Id));
        Assert.Equal(6, await db.Volumes.CountAsync(volume => volume.AccountId == actor.AccountId, Ct));
    }

    [Fact]
    public async Task Sizes_types_and_numbers_that_there_are_not_are_refused_with_a_sentence()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this);
        async Task<string?> WhyNotAsync(params ExtraVolume[] volumes) =>
            (await Create.RunAsync(actor, AnAccount.Wish(image) with { Volumes = volumes }, Ct)).Reason;
        Assert.Equal("A volume has 1 to 2,048 GiB.", await WhyNotAsync(new ExtraVolume(0)));
        Assert.Equal("A volume has 1 to 2,048 GiB.", await WhyNotAsync(new(1), new(2049)));
        Assert.Equal("There is no such type of volume.", await WhyNotAsync(new ExtraVolume(1, "none")));
        Assert.Equal(
            "An instance has at most 15 volumes besides its root disk.",
            await WhyNotAsync([.. Enumerable.Repeat(new ExtraVolume(1), 16)])
        );
        Assert.Equal(
            "There is no such snapshot where the instance is to be.",
            await WhyNotAsync(new ExtraVolume(1, SnapshotId: ResourceIds.New("snap")))
        );
        await NothingIsMadeAsync(actor);
    }

    [Fact]
    public async Task Quotas_and_room_count_the_volumes_and_a_refusal_makes_nothing()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this);
        await SetAsync(actor, volumes: 3, gib: 100, freeGiB: 1000);
        Assert.StartsWith(
            "Your quota is 3 volumes and you have 0",
            (await Create.RunAsync(actor, AnAccount.Wish(image, count: 2) with { Volumes = [new(1)] }, Ct)).Reason,
            StringComparison.Ordinal
        );
        await SetAsync(actor, volumes: 10, gib: 9, freeGiB: 1000);
        Assert.StartsWith(
            "Your quota is 9 GiB of volumes and you have 0",
            (await Create.RunAsync(actor, AnAccount.Wish(image) with { Volumes = [new(6)] }, Ct)).Reason,
            StringComparison.Ordinal
        );
        await SetAsync(actor, volumes: 10, gib: 100, freeGiB: 9);
        Assert.Equal(
            "There is no room for 6 GiB more at the moment; the region has 5 GiB left besides the root disk.",
            (await Create.RunAsync(actor, AnAccount.Wish(image) with { Volumes = [new(6)] }, Ct)).Reason
        );
        await NothingIsMadeAsync(actor);
        Done(await Create.RunAsync(actor, AnAccount.Wish(image) with { Volumes = [new(5)] }, Ct));
    }

    [Fact]
    public async Task A_volume_begins_as_a_complete_snapshot_of_ones_own_and_is_at_least_as_large()
    {
        var (actor, stranger) = (await AnAccount.ReadyAsync(this), await AnAccount.ReadyAsync(this));
        var image = await AnAccount.ImageAsync(this);
        var snapshot = await ASnapshotAsync(actor);
        NewInstances Wish(int size) => AnAccount.Wish(image) with { Volumes = [new(1), new(size, SnapshotId: snapshot)] };
        Assert.Equal("It is not complete yet.", (await Create.RunAsync(actor, Wish(4), Ct)).Reason);
        await CompleteAsync(snapshot);
        Assert.Equal("There is no such snapshot where the instance is to be.", (await Create.RunAsync(stranger, Wish(4), Ct)).Reason);
        Assert.Equal(
            "copy is of a volume of 4 GiB: what is made from it has at least as many.",
            (await Create.RunAsync(actor, Wish(3), Ct)).Reason
        );
        var made = Assert.Single(Done(await Create.RunAsync(actor, Wish(6), Ct)));
        await using var db = CreateDbContext();
        Assert.Equal(
            [(null, 1), (snapshot, 6)],
            (
                await db
                    .Volumes.Where(volume => volume.InstanceId == made.Id && !volume.IsRoot)
                    .OrderBy(volume => volume.Device)
                    .ToListAsync(Ct)
            ).Select(volume => (volume.SnapshotId, volume.SizeGiB))
        );
    }

    private static IReadOnlyList<Instance> Done(Outcome<IReadOnlyList<Instance>> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private async Task NothingIsMadeAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        Assert.False(await db.Instances.AnyAsync(instance => instance.AccountId == actor.AccountId, Ct));
        Assert.False(await db.Volumes.AnyAsync(volume => volume.AccountId == actor.AccountId, Ct));
        Assert.False(await db.AuditEntries.AnyAsync(row => row.AccountId == actor.AccountId, Ct));
    }

    private async Task SetAsync(Actor actor, int volumes, int gib, int freeGiB)
    {
        await using var db = CreateDbContext();
        await db
            .Accounts.Where(account => account.Id == actor.AccountId)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.VolumeLimit, volumes).SetProperty(row => row.VolumeGiBLimit, gib), Ct);
        await db.Regions.ExecuteUpdateAsync(
            set =>
                set.SetProperty(row => row.SeenAt, AnAccount.Now)
                    .SetProperty(row => row.FreeVcpus, 100)
                    .SetProperty(row => row.FreeMemoryMiB, 100_000)
                    .SetProperty(row => row.FreeDiskGiB, freeGiB),
            Ct
        );
    }

    /// <summary>One of a volume of 4 GiB, still being taken.</summary>
    private async Task<string> ASnapshotAsync(Actor actor)
    {
        var volume = (
            await new CreateVolume(this, clock).RunAsync(
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
        await using (var db = CreateDbContext())
        {
            (await db.Volumes.SingleAsync(one => one.Id == volume.Id, Ct)).ObserveMade(4);
            await db.SaveChangesAsync(Ct);
        }

        return (await new CreateSnapshot(this, clock).RunAsync(actor, new NewSnapshot(volume.Id, "copy", "copy"), Ct)).Value!.Id;
    }

    private async Task CompleteAsync(string id)
    {
        await using var db = CreateDbContext();
        (await db.Snapshots.SingleAsync(snapshot => snapshot.Id == id, Ct)).Observe(
            new SnapshotObservation(IsComplete: true, 1 << 20, AnAccount.Now, Quiesced: false),
            AnAccount.Now
        );
        await db.SaveChangesAsync(Ct);
    }
}
