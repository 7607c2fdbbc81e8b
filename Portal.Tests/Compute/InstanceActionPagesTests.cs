using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The rarer things done with an instance, as a person does them in Chromium; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
public sealed class InstanceActionPagesTests(TestPostgres postgres, ABrowser browser) : InstanceActionScene(postgres, browser)
{
    [Fact]
    public async Task Another_size_is_chosen_while_it_is_stopped_and_its_price_is_seen_before()
    {
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Expect(Item(page, "Resize…")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(Item(page, "Resize…")).ToContainTextAsync("Stop the instance to resize it; it is running.");
        foreach (var size in (ViewportSize[])[ABrowser.Phone, ABrowser.Desktop])
        {
            await page.SetViewportSizeAsync(size.Width, size.Height);
            await ABrowser.AssertAccessibleAsync(page, "actions");
        }

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
        await Expect(page.GetByText("t1.small · 1 vCPU · 2 GiB")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task It_is_rebuilt_from_an_image_after_its_name_was_typed_and_its_steps_begin_anew()
    {
        await AddKeyAsync();
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
    public async Task It_is_put_into_rescue_which_is_shown_on_all_its_pages_and_left_again()
    {
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Rescue…").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog).GetByText("The price stays the same.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Restart into rescue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Restarting into rescue" })).ToBeVisibleAsync();
        await ObserveAsync(boot: 1);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "In rescue" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "running" })).ToContainTextAsync("rescue");
        await Expect(page.GetByLabel("the command that mounts its root disk", new() { Exact = true }))
            .ToContainTextAsync("mount /dev/disk/by-id/virtio-vol0");
        await Expect(page.GetByLabel("the ssh command", new() { Exact = true })).ToContainTextAsync("root@");
        await ABrowser.AssertAccessibleAsync(page, "rescue");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "rescue");
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Expect(Item(page, "Rebuild…")).ToContainTextAsync("It is in rescue: leave that first.");
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave rescue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "In rescue" })).ToHaveCountAsync(0);
        await using var db = CreateDbContext();
        Assert.Equal(
            ["LeaveRescueInstances", "RescueInstances"],
            await db
                .AuditEntries.Where(row => row.ResourceId == InstanceId && row.Action.Contains("Rescue"))
                .Select(row => row.Action)
                .Order()
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task One_that_is_stopped_is_started_into_rescue_and_its_price_is_seen_before()
    {
        await StopAsync();
        var page = await OpenAsync();
        await page.GetByText("Actions", new() { Exact = true }).ClickAsync();
        await Item(page, "Rescue…").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog.GetByText("Computing is billed while it runs, at $4.38 a month.")).ToBeVisibleAsync();
        await Expect(dialog.GetByText("This month's bill: $")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "rescue-stopped");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start into rescue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Starting into rescue" })).ToBeVisibleAsync();
        await ObserveAsync(boot: 1);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "In rescue" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_phone_shows_the_dialogs_whole()
    {
        await StopAsync();
        var page = await Browser.SignInAsync(Server, Ada, $"/instances/{InstanceId}", ABrowser.Phone);
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

    private async Task ObserveAsync(int boot)
    {
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(Ct)).Observe(
            new MachineObservation(MachinePower.Running, boot, SshAnswers: true, AnAccount.Ed25519, null, AgentAnswers: true),
            TimeProvider.System.GetUtcNow()
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task StopAsync()
    {
        await new ChangeInstance(this, TimeProvider.System).RunAsync(Actor, InstanceAction.Stop, InstanceId, Ct);
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(Ct)).Observe(
            new MachineObservation(MachinePower.Off, 0, SshAnswers: false, null, null),
            TimeProvider.System.GetUtcNow()
        );
        await db.SaveChangesAsync(Ct);
    }
}
