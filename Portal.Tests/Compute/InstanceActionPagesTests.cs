using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The rarer things done with an instance, as a person does them in Chromium; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
public sealed class InstanceActionPagesTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private PortalServer server = null!;
    private Person ada = null!;
    private string id = "";

    public override async ValueTask InitializeAsync()
    {
        SetDefaultExpectTimeout(20_000);
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
        id = await RunningMachines.AddAsync(this, null, Ada);
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Another_size_is_chosen_while_it_is_stopped_and_its_price_is_seen_before()
    {
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Expect(Item(page, "Resize…")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(Item(page, "Resize…")).ToContainTextAsync("Its size can be changed while it is stopped; it is running.");
        await ABrowser.AssertAccessibleAsync(page, "actions");
        await page.Keyboard.PressAsync("Escape");
        await Expect(Item(page, "Resize…")).ToBeHiddenAsync();

        await StopAsync();
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "stopped" })).ToBeVisibleAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Resize…").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Resize" })).ToHaveAttributeAsync("aria-disabled", "true");
        await dialog.GetByRole(AriaRole.Radio, new() { Name = "t1.small" }).CheckAsync();
        await Expect(dialog.GetByText("$4.38 → $15.33")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "resize");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Resize" }).ClickAsync();
        await Expect(page.GetByText("t1.small · 1 vCPU · 2 GB")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task It_is_rebuilt_from_an_image_after_its_name_was_typed_and_its_steps_begin_anew()
    {
        await using (var db = CreateDbContext())
        {
            db.KeyPairs.Add(new KeyPair { Id = ResourceIds.New("key"), AccountId = ada.AccountId, Name = "laptop", PublicKey = Laptop, Fingerprint = "SHA256:laptop", CreatedAt = TimeProvider.System.GetUtcNow() });
            await db.SaveChangesAsync(Ct);
        }

        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Rebuild…").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog.GetByText("What is on its disk is lost.")).ToBeVisibleAsync();
        await Expect(dialog.GetByRole(AriaRole.Radio, new() { Name = "Tiny Linux" })).ToBeCheckedAsync();
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Rebuild" })).ToHaveAttributeAsync("aria-disabled", "true");
        await dialog.GetByLabel("SSH key").SelectOptionAsync("laptop");
        await dialog.GetByRole(AriaRole.Textbox).FillAsync("amber-falcon");
        await ABrowser.AssertAccessibleAsync(page, "rebuild");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Rebuild" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "pending" })).ToBeVisibleAsync();
        await Expect(page.Locator(".steps li.done")).ToHaveCountAsync(1);
        await Expect(page.GetByText("laptop")).ToBeVisibleAsync();
        await using (var db = CreateDbContext())
        {
            Assert.NotNull((await db.Instances.SingleAsync(Ct)).RebuildImageId);
        }
    }

    [Fact]
    public async Task A_phone_shows_the_dialogs_whole()
    {
        await StopAsync();
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}", ABrowser.Phone);
        await ABrowser.InteractiveAsync(page);
        foreach (var name in new[] { "Resize", "Rebuild" })
        {
            await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
            await Item(page, $"{name}…").ClickAsync();
            await Expect(page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = name })).ToBeVisibleAsync();
            await ABrowser.AssertAccessibleAsync(page, name.ToLowerInvariant());
            await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        }
    }

    private const string Laptop = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2x laptop";

    private Actor Ada => new(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);

    private async Task<IPage> OpenAsync(string tab = "")
    {
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}{tab}");
        await ABrowser.InteractiveAsync(page);
        return page;
    }

    private static ILocator Item(IPage page, string name) => page.Locator(".menu-items").GetByRole(AriaRole.Button, new() { Name = name });

    private async Task StopAsync()
    {
        await new ChangeInstance(this, TimeProvider.System).RunAsync(Ada, InstanceAction.Stop, id, Ct);
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(Ct)).Observe(new MachineObservation(MachinePower.Off, 0, SshAnswers: false, null, null), TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
    }
}
