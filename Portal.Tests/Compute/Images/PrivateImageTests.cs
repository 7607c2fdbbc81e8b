using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>
/// Images that customers make of their instances: once, within quotas, for nobody else, billed as snapshots, and needed by nothing that
/// began as them.
/// </summary>
[Trait("Needs", "database")]
public sealed class PrivateImageTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private readonly FakeTimeProvider clock = new(AnAccount.Now);
    private readonly InMemoryEngine engine = new();
    private ServiceProvider worker = null!;
    private Actor ada = null!;
    private Image system = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private CreateImage Create => new(this, new CreateSnapshot(this, clock), clock);

    private ChangeImage Change => new(this, clock);

    private CreateInstance Instances => new(this, clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        worker = WorkerServices.Of(this, Source, engine, clock);
        ada = await AnAccount.ReadyAsync(this);
        system = await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
    }

    public override async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task One_request_sent_twenty_times_at_once_makes_one_image_with_one_snapshot_and_an_audit_row()
    {
        var wish = Wish(await AnInstanceAsync());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Create.RunAsync(ada, wish, Ct))));
        var id = Assert.Single(outcomes.Select(outcome => Done(outcome).Id).Distinct());
        await using var db = CreateDbContext();
        var image = await db.PrivateImages.Include(one => one.Snapshot).SingleAsync(Ct);
        Assert.Equal(
            (id, "golden", "with nginx", wish.InstanceId, system.Id, "pending"),
            (image.Id, image.Name, image.Description, image.InstanceId, image.BaseId, image.Status)
        );
        Assert.Equal(
            (image.SnapshotId, id, false),
            (await db.Snapshots.SingleAsync(Ct)) is var held ? (held.Id, held.PrivateImageId, held.IsScheduled) : default
        );
        Assert.Equal(["CreateImage"], await db.AuditEntries.Where(row => row.ResourceId == id).Select(row => row.Action).ToListAsync(Ct));
    }

    [Fact]
    public async Task Strangers_nonsense_a_full_quota_and_a_disk_that_is_not_there_are_refused_with_a_sentence()
    {
        var stranger = await AnAccount.ReadyAsync(this);
        var instance = await AnInstanceAsync();
        Assert.Equal("There is no such instance.", (await Create.RunAsync(stranger, Wish(instance), Ct)).Reason);
        Assert.Equal("Give it a name.", (await Create.RunAsync(ada, Wish(instance) with { Name = " " }, Ct)).Reason);
        Assert.StartsWith(
            "A description has at most 1,024",
            (await Create.RunAsync(ada, Wish(instance) with { Description = new string('x', 1025) }, Ct)).Reason,
            StringComparison.Ordinal
        );
        var unmade = (await Instances.RunAsync(ada, AnAccount.Wish(system), Ct)).Value![0].Id;
        Assert.Equal("Its disk is still being made.", (await Create.RunAsync(ada, Wish(unmade), Ct)).Reason);
        await using (var db = CreateDbContext())
        {
            await db.Accounts.ExecuteUpdateAsync(account => account.SetProperty(row => row.SnapshotLimit, 1), Ct);
        }

        Done(await Create.RunAsync(ada, Wish(instance), Ct));
        Assert.StartsWith(
            "Your quota is 1 snapshot and you have 1",
            (await Create.RunAsync(ada, Wish(instance), Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_instance_is_rebuilt_from_it_also_when_it_is_deleted_before_the_disk_is_exchanged()
    {
        var instance = await AnInstanceAsync();
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(Ct);
        engine.Write(root.Id, "a system with work in it");
        var own = Done(await Create.RunAsync(ada, Wish(instance), Ct));
        await SettleAsync();
        engine.Write(root.Id, "broken since");
        Assert.Null((await new RebuildInstance(this, clock).RunAsync(ada, instance, own.Id, null, Ct)).Outcome.Reason);
        Assert.Null((await Change.DeleteAsync(ada, own.Id, Ct)).Outcome.Reason);
        await SettleAsync();
        Assert.Equal(
            "An instance is being rebuilt from it; it is deleted as soon as that is done.",
            (await db.Snapshots.AsNoTracking().SingleAsync(Ct)).Waiting
        );

        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(instance, Ct);
        await SettleAsync();
        var fresh = await db.Volumes.AsNoTracking().SingleAsync(volume => volume.InstanceId == instance && volume.IsRoot, Ct);
        Assert.NotEqual(root.Id, fresh.Id);
        Assert.Equal(("a system with work in it", own.SnapshotId), (engine.Read(fresh.Id), fresh.SnapshotId));
        Assert.Equal(
            (system.Id, null),
            await db.Instances.AsNoTracking().SingleAsync(Ct) is var rebuilt ? (rebuilt.ImageId, rebuilt.RebuildSnapshotId) : default
        );
        Assert.Empty(engine.Snapshots);
    }

    [Fact]
    public async Task New_instances_begin_as_it_with_what_was_on_the_disk_and_only_its_owners()
    {
        var instance = await AnInstanceAsync("t1.micro");
        var image = Done(await Create.RunAsync(ada, Wish(instance), Ct)).Id;
        Assert.Equal("golden is still being made.", (await FromAsync(ada, image)).Reason);
        await SettleAsync();
        Assert.Equal("There is no such image.", (await FromAsync(await AnAccount.ReadyAsync(this), image)).Reason);
        Assert.StartsWith(
            "golden is of a volume of 8 GiB",
            (await Instances.RunAsync(ada, AnAccount.Wish(system) with { ImageId = image }, Ct)).Reason,
            StringComparison.Ordinal
        );

        // What the catalogue no longer offers is still what the image began as.
        await using (var db = CreateDbContext())
        {
            await db
                .Images.Where(one => one.Id == system.Id)
                .ExecuteUpdateAsync(one => one.SetProperty(row => row.State, ImageState.Retired), Ct);
        }

        var clone = (await FromAsync(ada, image)).Value![0];
        var root = clone.Volumes.Single();
        Assert.Equal((system.Id, system.Id), (clone.ImageId, root.ImageId));
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(clone.Id, Ct);
        Assert.Equal($"what is on {instance}", engine.Read(root.Id));
    }

    [Fact]
    public async Task It_is_billed_as_a_snapshot_from_when_it_is_complete_until_it_is_gone()
    {
        var image = Done(await Create.RunAsync(ada, Wish(await AnInstanceAsync()), Ct));
        await SettleAsync();
        clock.Advance(TimeSpan.FromHours(3));
        Assert.Null((await Change.DeleteAsync(ada, image.Id, Ct)).Outcome.Reason);
        await SettleAsync();
        await using var db = CreateDbContext();
        var span = await db.UsageSpans.SingleAsync(span => span.ResourceId == image.SnapshotId, Ct);
        Assert.Equal((Skus.Snapshot, "golden", TimeSpan.FromHours(3)), (span.Sku, span.ResourceName, span.To!.Value - span.From));
        Assert.Equal("deleted", (await db.PrivateImages.Include(one => one.Snapshot).SingleAsync(Ct)).Status);
    }

    [Fact]
    public async Task Deleted_while_an_instance_begins_as_it_it_goes_only_after_that_and_the_instance_goes_on()
    {
        var instance = await AnInstanceAsync();
        var image = Done(await Create.RunAsync(ada, Wish(instance), Ct));
        await SettleAsync();
        var clone = (await FromAsync(ada, image.Id)).Value![0];
        Assert.Null((await Change.DeleteAsync(ada, image.Id, Ct)).Outcome.Reason);
        Assert.Equal("golden is deleting.", (await FromAsync(ada, image.Id)).Reason);
        await worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(image.SnapshotId, Ct);
        Assert.Contains(image.SnapshotId, engine.Snapshots);
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(clone.Id, Ct);
        await SettleAsync();
        Assert.DoesNotContain(image.SnapshotId, engine.Snapshots);
        Assert.Equal($"what is on {instance}", engine.Read(clone.Volumes.Single().Id));
    }

    [Fact]
    public async Task Its_snapshot_goes_only_with_it_and_is_called_as_it_is()
    {
        var image = Done(await Create.RunAsync(ada, Wish(await AnInstanceAsync()), Ct));
        await SettleAsync();
        var snapshots = new ChangeSnapshot(this, clock);
        Assert.Equal(
            "An image begins as it: delete the image, and it goes too.",
            (await snapshots.DeleteAsync(ada, image.SnapshotId, Ct)).Outcome.Reason
        );
        var stranger = await AnAccount.ReadyAsync(this);
        Assert.Equal("There is no such image.", (await Change.DescribeAsync(stranger, image.Id, "mine", "", Ct)).Outcome.Reason);
        Assert.Equal("There is no such image.", (await Change.DeleteAsync(stranger, image.Id, Ct)).Outcome.Reason);
        Assert.Equal("Give it a name.", (await Change.DescribeAsync(ada, image.Id, " ", "", Ct)).Outcome.Reason);
        Assert.Null((await Change.DescribeAsync(ada, image.Id, "web", "nginx and certbot", Ct)).Outcome.Reason);
        Assert.Null((await Change.DeleteAsync(ada, image.Id, Ct)).Outcome.Reason);
        Assert.Equal("It is deleting already.", (await Change.DeleteAsync(ada, image.Id, Ct)).Outcome.Reason);
        await using var db = CreateDbContext();
        Assert.Equal(("web", true), (await db.Snapshots.SingleAsync(Ct)) is var held ? (held.Name, held.IsDeleting) : default);
        Assert.Equal(
            ["CreateImage", "ModifyImageAttribute", "DeregisterImage"],
            await db.AuditEntries.Where(row => row.ResourceId == image.Id).OrderBy(row => row.Id).Select(row => row.Action).ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task They_are_listed_searched_sorted_and_counted_and_nobody_elses_are()
    {
        var instance = await AnInstanceAsync();
        foreach (var name in new[] { "golden", "silver" })
        {
            Done(await Create.RunAsync(ada, Wish(instance) with { Name = name, Description = $"as {name} as can be" }, Ct));
        }

        await SettleAsync();
        Done(await Create.RunAsync(ada, Wish(instance) with { Name = "bronze" }, Ct));
        await using var db = CreateDbContext();
        async Task<List<string>> NamesAsync(PrivateImageQuery query, string account) =>
            [.. (await query.PageAsync(db, account, clock.GetUtcNow(), 0, 50, Ct)).Lines.Select(line => line.Name)];
        Assert.Equal(
            ["bronze", "golden", "silver"],
            await NamesAsync(new PrivateImageQuery(Order: PrivateImageOrder.Name, Ascending: true), ada.AccountId)
        );
        Assert.Equal(["silver"], await NamesAsync(new PrivateImageQuery(Search: "AS SILVER"), ada.AccountId));
        Assert.Equal(["bronze"], await NamesAsync(new PrivateImageQuery(Search: instance, Status: "pending"), ada.AccountId));
        Assert.Equal(
            new Dictionary<string, int> { ["available"] = 2, ["pending"] = 1 },
            await new PrivateImageQuery().CountAsync(db, ada.AccountId, clock.GetUtcNow(), Ct)
        );
        Assert.Empty(await NamesAsync(new PrivateImageQuery(), (await AnAccount.ReadyAsync(this)).AccountId));
    }

    private static NewPrivateImage Wish(string instanceId) => new(instanceId, "golden", "with nginx", Guid.NewGuid().ToString("N"));

    private static PrivateImage Done(Outcome<PrivateImage> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private Task<Outcome<IReadOnlyList<Instance>>> FromAsync(Actor actor, string imageId) =>
        Instances.RunAsync(actor, AnAccount.Wish(system) with { ImageId = imageId, SizeId = "t1.micro" }, Ct);

    /// <summary>One with its disk made, on which something is written.</summary>
    private async Task<string> AnInstanceAsync(string size = "t1.nano")
    {
        var made = (await Instances.RunAsync(ada, AnAccount.Wish(system) with { SizeId = size }, Ct)).Value![0];
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(made.Id, Ct);
        engine.Write(made.Volumes.Single().Id, $"what is on {made.Id}");
        return made.Id;
    }

    /// <summary>Runs the jobs of all snapshots as the worker would.</summary>
    private async Task SettleAsync()
    {
        await using var db = CreateDbContext();
        for (var round = 0; round < 20; round++)
        {
            foreach (var open in (await db.Snapshots.AsNoTracking().ToListAsync(Ct)).Where(snapshot => snapshot.IsUnsettled))
            {
                await worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(open.Id, Ct);
            }
        }
    }
}
