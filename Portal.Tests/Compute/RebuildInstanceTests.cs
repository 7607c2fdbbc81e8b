using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>Who may have what rebuilt from what, and with which key.</summary>
[Trait("Needs", "database")]
public sealed class RebuildInstanceTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private RebuildInstance Rebuild => new(this, clock);

    [Fact]
    public async Task The_request_and_another_key_are_written_down_and_computing_is_not_billed_until_it_runs_again()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var (image, key) = (await AnAccount.ImageAsync(this, "Other"), await AKeyAsync(actor.AccountId));
        var change = await Rebuild.RunAsync(actor, id, image.Id, key.Id, Ct);
        Assert.Null(change.Outcome.Reason);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(Ct);
        Assert.Equal(
            (image.Id, "pending", "laptop", key.PublicKey),
            (instance.RebuildImageId, instance.Status, instance.KeyName, instance.PublicKey)
        );
        Assert.Equal(AnAccount.Now + Instance.StartLimit, instance.Deadline);
        Assert.DoesNotContain(await db.UsageSpans.ToListAsync(Ct), span => span.ResourceId == id && span.To is null);
        Assert.Equal(
            $$"""{"Key": "laptop", "Image": "{{image.Id}}"}""",
            (await db.AuditEntries.SingleAsync(entry => entry.Action == "CreateReplaceRootVolumeTask", Ct)).After
        );
        Assert.Equal("It is being rebuilt already.", (await Rebuild.RunAsync(actor, id, image.Id, null, Ct)).Outcome.Reason);
    }

    [Fact]
    public async Task One_that_is_protected_on_its_way_or_gone_is_refused_with_a_sentence()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var image = await AnAccount.ImageAsync(this, "Other");
        await ChangeAsync(instance => instance.Protect(true));
        Assert.Equal("It is protected: turn that off in its settings first.", await WhyNotAsync(actor, id, image.Id));
        await ChangeAsync(instance => instance.Protect(false));
        await ChangeAsync(instance => instance.RequestReboot(clock.GetUtcNow()));
        Assert.Equal("A reboot is under way.", await WhyNotAsync(actor, id, image.Id));
        await ChangeAsync(instance => instance.RequestTerminate(clock.GetUtcNow()));
        Assert.Equal("It can be rebuilt once it runs or is stopped; it is shutting-down.", await WhyNotAsync(actor, id, image.Id));
    }

    [Fact]
    public async Task The_image_must_be_there_and_fit_the_memory_and_the_disk()
    {
        var (actor, id) = await ARunningInstanceAsync();
        Assert.Equal("There is no such image.", await WhyNotAsync(actor, id, "ami-nowhere"));
        Assert.Equal(
            "Later is still being prepared.",
            await WhyNotAsync(actor, id, (await AnAccount.ImageAsync(this, "Later", ImageState.Preparing)).Id)
        );
        Assert.Equal(
            "Hungry needs 4096 MiB of memory; it has 512.",
            await WhyNotAsync(actor, id, (await AnAccount.ImageAsync(this, "Hungry", minMemoryMiB: 4096)).Id)
        );
        var large = await AnAccount.ImageAsync(this, "Large");
        await using (var db = CreateDbContext())
        {
            await db
                .Images.Where(image => image.Id == large.Id)
                .ExecuteUpdateAsync(image => image.SetProperty(one => one.MinDiskGiB, 64), Ct);
        }

        Assert.Equal("Large needs a disk of 64 GiB; its disk has 4.", await WhyNotAsync(actor, id, large.Id));
        Assert.Equal(
            "There is no such key any more: choose another.",
            (await Rebuild.RunAsync(actor, id, (await AnAccount.ImageAsync(this)).Id, "key-of-somebody-else", Ct)).Outcome.Reason
        );
    }

    [Fact]
    public async Task An_image_of_ones_own_must_be_complete_fit_the_disk_and_belong_to_the_account()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var own = await AnOwnImageAsync(actor, id);
        Assert.Equal("golden is still being made.", await WhyNotAsync(actor, id, own.Id));
        await CompleteAsync(own.SnapshotId);
        var (stranger, theirs) = await ARunningInstanceAsync();
        Assert.Equal("There is no such image.", await WhyNotAsync(stranger, theirs, own.Id));
        await using (var db = CreateDbContext())
        {
            await db.Snapshots.ExecuteUpdateAsync(snapshot => snapshot.SetProperty(row => row.SizeGiB, 8), Ct);
        }

        Assert.Equal("golden is of a volume of 8 GiB: what is made from it has at least as many.", await WhyNotAsync(actor, id, own.Id));
        await using (var db = CreateDbContext())
        {
            await db.Snapshots.ExecuteUpdateAsync(snapshot => snapshot.SetProperty(row => row.SizeGiB, 4), Ct);

            // What the catalogue no longer offers goes on in what was made of it.
            await db.Images.ExecuteUpdateAsync(image => image.SetProperty(row => row.State, ImageState.Retired), Ct);
        }

        Assert.Null(await WhyNotAsync(actor, id, own.Id));
        await using var after = CreateDbContext();
        var instance = await after.Instances.SingleAsync(instance => instance.Id == id, Ct);
        Assert.Equal((own.BaseId, own.SnapshotId), (instance.RebuildImageId, instance.RebuildSnapshotId));
        Assert.Contains(
            own.Id,
            (await after.AuditEntries.SingleAsync(entry => entry.Action == "CreateReplaceRootVolumeTask", Ct)).After,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_disk_that_stays_as_a_volume_takes_a_card_and_counts_towards_the_quota()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var image = await AnAccount.ImageAsync(this, "Other");
        await using (var db = CreateDbContext())
        {
            (await db.Volumes.SingleAsync(Ct)).SetDeleteOnTermination(false);
            await db.SaveChangesAsync(Ct);
            await db
                .Accounts.Where(account => account.Id == actor.AccountId)
                .ExecuteUpdateAsync(account => account.SetProperty(one => one.VolumeLimit, 1), Ct);
        }

        Assert.StartsWith("Your quota is 1 volume and you have 1", await WhyNotAsync(actor, id, image.Id), StringComparison.Ordinal);
        await using (var db = CreateDbContext())
        {
            await db.Cards.ExecuteDeleteAsync(Ct);
        }

        Assert.Equal("Add a card first; $0 now.", await WhyNotAsync(actor, id, image.Id));
    }

    [Fact]
    public async Task A_strangers_instance_is_not_there_and_a_strangers_key_is_none()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var (image, stranger) = (await AnAccount.ImageAsync(this, "Other"), await AnAccount.ReadyAsync(this));
        Assert.Equal("There is no such instance.", await WhyNotAsync(stranger, id, image.Id));
        Assert.Equal(
            "There is no such key any more: choose another.",
            (await Rebuild.RunAsync(actor, id, image.Id, (await AKeyAsync(stranger.AccountId)).Id, Ct)).Outcome.Reason
        );
    }

    private async Task<string?> WhyNotAsync(Actor actor, string id, string imageId) =>
        (await Rebuild.RunAsync(actor, id, imageId, null, Ct)).Outcome.Reason;

    private async Task<PrivateImage> AnOwnImageAsync(Actor actor, string id)
    {
        await using (var db = CreateDbContext())
        {
            var root = await db.Volumes.SingleAsync(volume => volume.InstanceId == id, Ct);
            root.ObserveMade(root.SizeGiB);
            root.ObserveAttached(clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        return (
            await new CreateImage(this, new CreateSnapshot(this, clock), clock).RunAsync(
                actor,
                new NewPrivateImage(id, "golden", "", "golden"),
                Ct
            )
        ).Value!;
    }

    private async Task CompleteAsync(string snapshotId)
    {
        await using var db = CreateDbContext();
        (await db.Snapshots.SingleAsync(snapshot => snapshot.Id == snapshotId, Ct)).Observe(
            new SnapshotObservation(IsComplete: true, 1 << 20, clock.GetUtcNow(), Quiesced: false),
            clock.GetUtcNow()
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task<(Actor Actor, string Id)> ARunningInstanceAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(instance => instance.AccountId == actor.AccountId, Ct);
        instance.Observe(new MachineObservation(MachinePower.Running, 0, SshAnswers: true, null, null), clock.GetUtcNow());
        await InstanceMeter.RecordAsync(db, instance, clock.GetUtcNow(), Ct);
        await db.SaveChangesAsync(Ct);
        return (actor, made.Value![0].Id);
    }

    private async Task<KeyPair> AKeyAsync(string accountId)
    {
        await using var db = CreateDbContext();
        var key = new KeyPair
        {
            Id = ResourceIds.New("key"),
            AccountId = accountId,
            Name = "laptop",
            PublicKey = AnAccount.Ed25519,
            Fingerprint = "SHA256:laptop",
            CreatedAt = AnAccount.Now,
        };
        db.KeyPairs.Add(key);
        await db.SaveChangesAsync(Ct);
        return key;
    }

    private async Task ChangeAsync(Func<Instance, Outcome> change)
    {
        await using var db = CreateDbContext();
        Assert.Null(change(await db.Instances.SingleAsync(Ct)).Reason);
        await db.SaveChangesAsync(Ct);
    }
}
