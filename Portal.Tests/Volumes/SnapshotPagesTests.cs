using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Volumes;

/// <summary>The pages of snapshots as a person uses them, in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class SnapshotPagesTests(TestPostgres postgres, ABrowser browser) : VolumePageScene(postgres, browser)
{
    [Fact]
    public async Task A_snapshot_is_taken_and_a_new_volume_made_from_it_after_the_first_is_gone()
    {
        await RunningMachines.AddAsync(this, Engine, Actor);
        var volume = (
            await new CreateVolume(this, TimeProvider.System).RunAsync(
                Actor,
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
        Engine.Write(volume, "summer");
        var page = await Browser.SignInAsync(Server, Ada, "/snapshots");
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
        await new ChangeVolume(this, TimeProvider.System).DeleteAsync(Actor, volume, Ct);
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
        Assert.Equal("summer", Engine.Read(restored));

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
    public async Task An_instance_begins_as_a_snapshot_of_anothers_root_disk()
    {
        var instance = await RunningMachines.AddAsync(this, Engine, Actor);
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(Ct);
        Engine.Write(root.Id, "a system with work in it");
        var snapshot = (
            await new CreateSnapshot(this, TimeProvider.System).RunAsync(Actor, new NewSnapshot(root.Id, "before the upgrade", "token"), Ct)
        )
            .Value!
            .Id;
        await SettleSnapshotAsync(snapshot);
        var page = await Browser.SignInAsync(Server, Ada, $"/snapshots/{snapshot}");
        await page.GetByRole(AriaRole.Link, new() { Name = "New instance from it" }).ClickAsync();
        await Expect(page.GetByLabel("before the upgrade")).ToBeCheckedAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance-from-snapshot");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync();
        await page.WaitForURLAsync("**/instances/i-*");
        var clone = await db.Instances.AsNoTracking().Include(one => one.Volumes).SingleAsync(one => one.Id != instance, Ct);
        await Worker.GetRequiredService<IInstanceJob>().AdvanceAsync(clone.Id, Ct);
        Assert.Equal("a system with work in it", Engine.Read(clone.Volumes.Single().Id));
    }
}
