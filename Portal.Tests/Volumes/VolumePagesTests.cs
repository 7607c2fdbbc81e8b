using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Volumes;

/// <summary>
/// The pages of volumes as a person uses them, in Chromium; the worker's jobs are run by the test, on the engine in memory.
/// </summary>
[Trait("Needs", "browser")]
public sealed partial class VolumePagesTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new();
    private ServiceProvider worker = null!;
    private PortalServer server = null!;
    private Person ada = null!;

    private Actor Ada => new(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        worker = WorkerServices.Of(this, Source, engine, TimeProvider.System);
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await worker.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_volume_is_created_attached_grown_detached_and_deleted_and_each_step_appears_by_itself()
    {
        await RunningMachines.AddAsync(this, engine, Ada);
        var page = await browser.SignInAsync(server, ada, "/volumes");
        await page.GetByRole(AriaRole.Link, new() { Name = "New volume" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("data");
        await page.GetByLabel("Size, GiB").FillAsync("ten");
        await Expect(page.GetByText("A size is a whole number of GiB from 1 to 2,048.").First).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-new");
        await page.GetByLabel("Size, GiB").FillAsync("10");
        await Expect(page.GetByText(" → $")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create volume" }).DblClickAsync();
        await page.WaitForURLAsync("**/volumes/vol-*");
        var id = page.Url[(page.Url.LastIndexOf('/') + 1)..];
        await Expect(Status(page)).ToContainTextAsync("creating");
        await SettleAsync(id);
        await Expect(Status(page)).ToContainTextAsync("available");
        await ABrowser.AssertAccessibleAsync(page, "volume-available");

        await page.GetByRole(AriaRole.Button, new() { Name = "Attach" }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("attaching");
        await SettleAsync(id);
        await Expect(Status(page)).ToContainTextAsync("in-use");
        await Expect(page.GetByLabel("the device's path", new() { Exact = true }))
            .ToContainTextAsync($"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{Volume.Serial(id)}");

        await page.GetByLabel("GiB", new() { Exact = true }).FillAsync("9");
        await Expect(page.GetByRole(AriaRole.Alert).GetByText("A volume cannot shrink: what lies")).ToBeVisibleAsync();
        await page.GetByLabel("GiB", new() { Exact = true }).FillAsync("12");
        await Expect(page.GetByText("This month's bill: $").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Grow", Exact = true }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("growing to 12 GiB");
        await SettleAsync(id);
        await Expect(page.GetByLabel("the command that grows the file system", new() { Exact = true }))
            .ToContainTextAsync("sudo resize2fs");
        await ABrowser.AssertAccessibleAsync(page, "volume-in-use");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }))
            .ToHaveAttributeAsync("aria-disabled", "true");

        await page.GetByRole(AriaRole.Button, new() { Name = "Detach", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Detach", Exact = true }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("detaching");
        await SettleAsync(id);
        await Expect(Status(page)).ToContainTextAsync("available");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await page.GetByLabel("Type data to confirm").FillAsync("data");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("deleting");
        await SettleAsync(id);
        await Expect(Status(page)).ToContainTextAsync("deleted");
        Assert.DoesNotContain(id, engine.Volumes);
        await page.GetByRole(AriaRole.Link, new() { Name = "Events" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Grew the volume" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-events");
    }

    [Fact]
    public async Task The_list_shows_root_disks_too_and_an_instance_shows_what_it_has()
    {
        var instance = await RunningMachines.AddAsync(this, engine, Ada);
        foreach (var name in new[] { "logs", "photos" })
        {
            var made = await new CreateVolume(this, TimeProvider.System).RunAsync(
                Ada,
                new NewVolume
                {
                    Name = name,
                    SizeGiB = 5,
                    InstanceId = name is "logs" ? instance : null,
                    RequestToken = name,
                },
                Ct
            );
            await SettleAsync(made.Value!.Id);
        }

        var page = await browser.SignInAsync(server, ada, "/volumes?sort=name");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon root", "logs", "photos"]);
        await ABrowser.AssertAccessibleAsync(page, "volumes");
        await page.GotoAsync($"/instances/{instance}?tab=volumes");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon root", "logs"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Attach" }).ClickAsync();
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon root", "logs", "photos"]);
        await ABrowser.AssertAccessibleAsync(page, "instance-volumes");
        await page.GetByLabel("Delete logs when the instance is terminated").CheckAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Detach amber-falcon root" }))
            .ToHaveAttributeAsync("aria-disabled", "true");
        await using var db = CreateDbContext();
        await Until.TrueAsync(() => db.Volumes.AnyAsync(volume => volume.Name == "logs" && volume.DeleteOnTermination, Ct));
    }

    [Fact]
    public async Task A_snapshot_is_taken_and_a_new_volume_made_from_it_after_the_first_is_gone()
    {
        await RunningMachines.AddAsync(this, engine, Ada);
        var volume = (
            await new CreateVolume(this, TimeProvider.System).RunAsync(
                Ada,
                new NewVolume
                {
                    Name = "photos",
                    SizeGiB = 12,
                    RequestToken = "photos",
                },
                Ct
            )
        ).Value!.Id;
        await SettleAsync(volume);
        engine.Write(volume, "summer");
        var page = await browser.SignInAsync(server, ada, "/snapshots");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No snapshots yet" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "snapshots-empty");
        await page.GotoAsync($"/volumes/{volume}?tab=snapshots");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.GetByText("It costs at most $0.53 a month")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Take a snapshot" }).DblClickAsync();
        await Expect(page.Locator("tbody .state.pending")).ToHaveCountAsync(1);
        await using var db = CreateDbContext();
        var snapshot = (await db.Snapshots.AsNoTracking().SingleAsync(Ct)).Id;
        await SettleSnapshotAsync(snapshot);
        await Expect(page.Locator("tbody .state.completed")).ToHaveCountAsync(1);
        await ABrowser.AssertAccessibleAsync(page, "volume-snapshots");
        await new ChangeVolume(this, TimeProvider.System).DeleteAsync(Ada, volume, Ct);
        await SettleAsync(volume);

        await page.GetByRole(AriaRole.Link, new() { Name = "photos 1" }).ClickAsync();
        await Expect(page.GetByText("(deleted)")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "snapshot");
        await page.GetByRole(AriaRole.Link, new() { Name = "New volume from it" }).ClickAsync();
        await Expect(page.GetByLabel("Source")).ToHaveValueAsync(snapshot);
        await Expect(page.GetByLabel("Size, GiB")).ToHaveValueAsync("12");
        await ABrowser.AssertAccessibleAsync(page, "volume-from-snapshot");
        await page.GetByLabel("Size, GiB").FillAsync("11");
        await Expect(page.GetByRole(AriaRole.Alert).GetByText("what is made from it has at least as many")).ToBeVisibleAsync();
        await page.GetByLabel("Size, GiB").FillAsync("16");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create volume" }).ClickAsync();
        await page.WaitForURLAsync("**/volumes/vol-*");
        var restored = page.Url[(page.Url.LastIndexOf('/') + 1)..];
        await SettleAsync(restored);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = snapshot })).ToBeVisibleAsync();
        Assert.Equal("summer", engine.Read(restored));

        await page.GotoAsync("/snapshots");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["photos 1"]);
        await ABrowser.AssertAccessibleAsync(page, "snapshots");
        await page.GetByLabel("Select photos 1").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByLabel("Type delete 1 to confirm").FillAsync("delete 1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete 1 snapshot" }).ClickAsync();
        await Expect(page.GetByText("1 being deleted.")).ToBeVisibleAsync();
        await SettleSnapshotAsync(snapshot);
        await Expect(page.Locator("tbody .state.deleted")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task On_a_phone_nothing_scrolls_sideways()
    {
        var instance = await RunningMachines.AddAsync(this, engine, Ada);
        var page = await browser.SignInAsync(server, ada, "/volumes", ABrowser.Phone);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon root"]);
        await ABrowser.AssertAccessibleAsync(page, "volumes");
        await page.GetByRole(AriaRole.Link, new() { Name = "amber-falcon root" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "amber-falcon root" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume");
        await page.GotoAsync("/volumes/new");
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "volume-new");
        await using (var db = CreateDbContext())
        {
            var root = await db.Volumes.SingleAsync(Ct);
            var taken = await new CreateSnapshot(this, TimeProvider.System).RunAsync(
                Ada,
                new NewSnapshot(root.Id, "before the upgrade", "token"),
                Ct
            );
            await SettleSnapshotAsync(taken.Value!.Id);
            foreach (
                var (path, picture) in new[]
                {
                    ("/snapshots", "snapshots"),
                    ($"/snapshots/{taken.Value.Id}", "snapshot"),
                    ($"/volumes/{root.Id}?tab=snapshots", "volume-snapshots"),
                }
            )
            {
                await page.GotoAsync(path);
                await Expect(page.GetByText("before the upgrade").First).ToBeVisibleAsync();
                await ABrowser.InteractiveAsync(page);
                await ABrowser.AssertAccessibleAsync(page, picture);
            }
        }

        await page.GotoAsync($"/instances/{instance}?tab=volumes");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon root"]);
        await ABrowser.AssertAccessibleAsync(page, "instance-volumes");
    }

    [Fact]
    public async Task An_instance_begins_as_a_snapshot_of_anothers_root_disk()
    {
        var instance = await RunningMachines.AddAsync(this, engine, Ada);
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(Ct);
        engine.Write(root.Id, "a system with work in it");
        var snapshot = (
            await new CreateSnapshot(this, TimeProvider.System).RunAsync(Ada, new NewSnapshot(root.Id, "before the upgrade", "token"), Ct)
        )
            .Value!
            .Id;
        await SettleSnapshotAsync(snapshot);
        var page = await browser.SignInAsync(server, ada, $"/snapshots/{snapshot}");
        await page.GetByRole(AriaRole.Link, new() { Name = "New instance from it" }).ClickAsync();
        await Expect(page.GetByLabel("before the upgrade")).ToBeCheckedAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance-from-snapshot");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync();
        await page.WaitForURLAsync("**/instances/i-*");
        var clone = await db.Instances.AsNoTracking().Include(one => one.Volumes).SingleAsync(one => one.Id != instance, Ct);
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(clone.Id, Ct);
        Assert.Equal("a system with work in it", engine.Read(clone.Volumes.Single().Id));
    }

    private async Task SettleSnapshotAsync(string id)
    {
        await using var db = CreateDbContext();
        for (
            var round = 0;
            round < 20 && (await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct)).IsUnsettled;
            round++
        )
        {
            await worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(id, Ct);
        }

        Assert.False(
            (await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct)).IsUnsettled,
            $"{id} did not settle."
        );
    }

    private static ILocator Status(IPage page) => page.Locator(".page-head [role=status]");

    /// <summary>Runs the jobs as the worker would, until nothing is left to do.</summary>
    private async Task SettleAsync(string id)
    {
        await using var db = CreateDbContext();
        for (var round = 0; round < 20 && (await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled; round++)
        {
            await worker.GetRequiredService<IVolumeJob>().AdvanceAsync(id, Ct);
        }

        Assert.False((await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled, $"{id} did not settle.");
    }
}
