using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Compute;
using Portal.Model.Compute;
using Portal.Tests.Networking;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>What a running guest is asked for, as a person does it in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class GuestRequestPageTests(TestPostgres postgres, ABrowser browser) : InstanceActionScene(postgres, browser)
{
    [Fact]
    public async Task A_password_is_shown_once_when_the_guest_has_it_and_a_silent_agent_greys_the_button()
    {
        var engine = await AnEngineAsync();
        await using var worker = WorkerServices.Of(
            this,
            Source,
            engine,
            TimeProvider.System,
            keys: Server.Services.GetRequiredService<IDataProtectionProvider>()
        );
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Reset password…").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Set a new password" }).ClickAsync();
        await Expect(dialog.GetByText("The guest is being asked…")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("the new password", new() { Exact = true })).ToHaveCountAsync(0);
        await AdvanceGuestAsync(worker);
        var password = await dialog.GetByLabel("the new password", new() { Exact = true }).Locator("code").InnerTextAsync();
        var hash = engine.Passwords.Values.Single();
        Assert.Equal(hash, GuestPassword.Hash(password, hash));
        await ABrowser.AssertAccessibleAsync(page, "password");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        Assert.DoesNotContain(password, await page.ContentAsync(), StringComparison.Ordinal);

        await using (var db = CreateDbContext())
        {
            await db.Instances.ExecuteUpdateAsync(instance => instance.SetProperty(row => row.HasAgent, false), Ct);
        }

        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Expect(Item(page, "Reset password…")).ToContainTextAsync("The agent in its guest does not answer.");
        await Expect(Item(page, "Reset password…")).ToHaveAttributeAsync("aria-disabled", "true");
    }

    [Fact]
    public async Task Another_key_opens_a_running_guest_and_its_page_says_so()
    {
        await AddKeyAsync();
        var engine = await AnEngineAsync();
        await using var worker = WorkerServices.Of(this, Source, engine, TimeProvider.System);
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Change SSH key…").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog.GetByLabel("New key")).ToContainTextAsync("laptop");
        await ABrowser.AssertAccessibleAsync(page, "key-change");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Change the key" }).ClickAsync();
        await AdvanceGuestAsync(worker);
        await Expect(dialog.GetByText("From now on the key laptop opens it.")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Expect(page.Locator("details.menu summary").Filter(new() { HasText = "Actions" })).ToBeFocusedAsync();
        await Expect(page.Locator("dl.facts").Filter(new() { HasText = "SSH key" }).GetByText("laptop")).ToBeVisibleAsync();
        Assert.Equal([Laptop], engine.Keys.Values.Single());
    }

    /// <summary>One in which the instance runs.</summary>
    private async Task<InMemoryEngine> AnEngineAsync()
    {
        var engine = new InMemoryEngine();
        await using var db = CreateDbContext();
        var spec = (await db.Instances.WithParts().SingleAsync(Ct)).Spec(TimeProvider.System.GetUtcNow());
        await engine.EnsureNetworkAsync(ANetwork.Of(spec), Ct);
        await engine.EnsureVolumeAsync(spec.Volumes.Single().Volume, Ct);
        await engine.EnsureMachineAsync(spec, Ct);
        return engine;
    }

    private async Task AdvanceGuestAsync(ServiceProvider worker)
    {
        await Until.TrueAsync(async () =>
        {
            await using var db = CreateDbContext();
            return await db.GuestRequests.AnyAsync(Ct);
        });
        await using var db = CreateDbContext();
        await worker.GetRequiredService<IGuestRequestJob>().AdvanceAsync((await db.GuestRequests.SingleAsync(Ct)).Id, Ct);
    }
}
