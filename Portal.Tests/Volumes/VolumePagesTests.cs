using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Volumes;

/// <summary>
/// The pages of volumes as a person uses them, in Chromium; the worker's jobs are run by the test, on the engine in memory.
/// </summary>
[Trait("Needs", "browser")]
public sealed class VolumePagesTests(TestPostgres postgres, ABrowser browser) : VolumePageScene(postgres, browser)
{
    [Fact]
    public async Task A_volume_is_created_attached_grown_detached_and_deleted_and_each_step_appears_by_itself()
    {
        await RunningMachines.AddAsync(this, Engine, Actor);
        var page = await Browser.SignInAsync(Server, Ada, "/volumes");
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
        Assert.DoesNotContain(id, Engine.Volumes);
        await page.GetByRole(AriaRole.Link, new() { Name = "Events" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Grew the volume" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-events");
    }

    [Fact]
    public async Task The_list_shows_root_disks_too_and_an_instance_shows_what_it_has()
    {
        var instance = await RunningMachines.AddAsync(this, Engine, Actor);
        foreach (var name in new[] { "logs", "photos" })
        {
            var made = await new CreateVolume(this, TimeProvider.System).RunAsync(
                Actor,
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

        var page = await Browser.SignInAsync(Server, Ada, "/volumes?sort=name");
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
    public async Task On_a_phone_nothing_scrolls_sideways()
    {
        var instance = await RunningMachines.AddAsync(this, Engine, Actor);
        var page = await Browser.SignInAsync(Server, Ada, "/volumes", ABrowser.Phone);
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
                Actor,
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

    private static ILocator Status(IPage page) => page.Locator(".page-head [role=status]");
}
