using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The pages of a customer's own images, in Chromium; the worker's jobs are run by the test, on the engine in memory.</summary>
[Trait("Needs", "browser")]
public sealed class PrivateImagePagesTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private readonly InMemoryEngine engine = new();
    private ServiceProvider worker = null!;
    private PortalServer server = null!;
    private Person ada = null!;
    private string instance = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Actor Ada => new(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        worker = WorkerServices.Of(this, Source, engine, TimeProvider.System);
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
        instance = await RunningMachines.AddAsync(this, engine, Ada);
        await using var db = CreateDbContext();
        engine.Write((await db.Volumes.SingleAsync(Ct)).Id, "a system with work in it");
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await worker.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task An_image_is_made_of_a_running_instance_another_begins_as_it_and_it_is_renamed_and_deleted()
    {
        var page = await browser.SignInAsync(server, ada, "/images");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No images of your own yet" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "images-empty");
        await page.GotoAsync($"/instances/{instance}");
        await ABrowser.InteractiveAsync(page);
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create image…" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);

        // 4 GiB at $0.00006 an hour.
        await Expect(dialog.GetByText("$0.18")).ToBeVisibleAsync();
        await dialog.GetByLabel("Name").FillAsync("");
        await Expect(dialog.GetByText("Give it a name.").First).ToBeVisibleAsync();
        await dialog.GetByLabel("Name").FillAsync("golden web");
        await dialog.GetByLabel("Description").FillAsync("nginx, certbot and our keys");
        await ABrowser.AssertAccessibleAsync(page, "image-new");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make the image" }).DblClickAsync();
        await page.WaitForURLAsync("**/images/ami-*");
        await Expect(Status(page)).ToContainTextAsync("pending");
        await SettleAsync();
        await Expect(Status(page)).ToContainTextAsync("available");
        await ABrowser.AssertAccessibleAsync(page, "image");

        // Its snapshot leads to the same.
        await page.GetByRole(AriaRole.Link, new() { Name = "snap-" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "ami-" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New instance from it" }).ClickAsync();
        await Expect(page.GetByLabel("golden web")).ToBeCheckedAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance-from-image");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync();
        await page.WaitForURLAsync("**/instances/i-*");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "golden web" })).ToBeVisibleAsync();
        await using var db = CreateDbContext();
        var clone = await db.Instances.AsNoTracking().Include(one => one.Volumes).SingleAsync(one => one.Id != instance, Ct);
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(clone.Id, Ct);
        Assert.Equal("a system with work in it", engine.Read(clone.Volumes.Single().Id));

        await page.GetByRole(AriaRole.Link, new() { Name = "golden web" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("web 1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "web 1" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(page.GetByText("The 1 instance created from it is not affected.")).ToBeVisibleAsync();
        await page.GetByLabel("Type web 1 to confirm").FillAsync("web 1");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("deleting");
        await SettleAsync();
        await Expect(Status(page)).ToContainTextAsync("deleted");
        await page.GetByRole(AriaRole.Link, new() { Name = "Events" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Deleted the image" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_list_is_filtered_and_deleted_from_also_on_a_phone()
    {
        foreach (var name in new[] { "golden", "silver" })
        {
            var create = new CreateImage(this, new CreateSnapshot(this, TimeProvider.System), TimeProvider.System);
            Assert.Null((await create.RunAsync(Ada, new NewPrivateImage(instance, name, "", name), Ct)).Reason);
        }

        await SettleAsync();
        var page = await browser.SignInAsync(server, ada, "/images?sort=name");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["golden", "silver"]);
        await ABrowser.AssertAccessibleAsync(page, "images");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "images");
        await page.GotoAsync("/images?q=silv");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["silver"]);
        await page.GetByLabel("Select silver").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByLabel("Type delete 1 to confirm").FillAsync("delete 1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete 1 image" }).ClickAsync();
        await Expect(page.GetByText("1 being deleted.")).ToBeVisibleAsync();
        await SettleAsync();
        await Expect(page.Locator("tbody .state.deleted")).ToHaveCountAsync(1);
        await page.GotoAsync("/images?q=gold");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "golden", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "golden" })).ToBeVisibleAsync();
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "image");
    }

    [Fact]
    public async Task An_instance_is_rebuilt_from_one_of_ones_own_and_that_is_what_it_has_from_then_on()
    {
        var create = new CreateImage(this, new CreateSnapshot(this, TimeProvider.System), TimeProvider.System);
        Assert.Null((await create.RunAsync(Ada, new NewPrivateImage(instance, "golden", "with nginx", "golden"), Ct)).Reason);
        await SettleAsync();
        await using var db = CreateDbContext();
        engine.Write((await db.Volumes.SingleAsync(Ct)).Id, "broken since");
        var page = await browser.SignInAsync(server, ada, $"/instances/{instance}");
        var dialog = await OpenRebuildAsync(page);
        await Expect(dialog.GetByRole(AriaRole.Radio, new() { Name = "Tiny Linux · current" })).ToBeCheckedAsync();
        await dialog.GetByRole(AriaRole.Radio, new() { Name = "golden" }).CheckAsync();
        await ABrowser.AssertAccessibleAsync(page, "rebuild-own");
        await dialog.GetByRole(AriaRole.Textbox).FillAsync("amber-falcon");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Rebuild" }).ClickAsync();
        await Expect(Status(page)).ToContainTextAsync("pending");
        await worker.GetRequiredService<IInstanceJob>().AdvanceAsync(instance, Ct);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "golden" })).ToBeVisibleAsync();
        Assert.Equal(
            "a system with work in it",
            engine.Read((await db.Volumes.AsNoTracking().SingleAsync(volume => volume.IsRoot, Ct)).Id)
        );

        await Expect(Status(page)).ToContainTextAsync("running");
        dialog = await OpenRebuildAsync(page);
        await Expect(dialog.GetByRole(AriaRole.Radio, new() { Name = "golden · current" })).ToBeCheckedAsync();
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "rebuild-own");
    }

    private static async Task<ILocator> OpenRebuildAsync(IPage page)
    {
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await page.Locator(".menu-items").GetByRole(AriaRole.Button, new() { Name = "Rebuild…" }).ClickAsync();
        return page.GetByRole(AriaRole.Dialog);
    }

    private static ILocator Status(IPage page) => page.Locator(".page-head [role=status]");

    /// <summary>Runs the jobs of all snapshots as the worker would.</summary>
    private async Task SettleAsync()
    {
        await using var db = CreateDbContext();
        for (var round = 0; round < 10; round++)
        {
            foreach (var open in (await db.Snapshots.AsNoTracking().ToListAsync(Ct)).Where(snapshot => snapshot.IsUnsettled))
            {
                await worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(open.Id, Ct);
            }
        }
    }
}
