using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
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
