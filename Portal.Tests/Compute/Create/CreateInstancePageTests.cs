using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The page that creates instances, as a person uses it in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class CreateInstancePageTests(TestPostgres postgres, ABrowser browser) : InstancePageScene(postgres, browser)
{
    [Fact]
    public async Task An_instance_is_created_with_a_key_made_in_the_browser_and_its_steps_appear_as_they_happen()
    {
        await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        var page = await Browser.SignInAsync(Server, Ada);
        var sent = Sent(page);
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "Create your first instance" }).ClickAsync();
        await Expect(page.GetByText("$0.00 → $")).ToBeVisibleAsync();
        await ABrowser.InteractiveAsync(page);
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).DblClickAsync()
        );
        await page.WaitForURLAsync("**/instances/i-*");

        var key = await File.ReadAllTextAsync(await download.PathAsync(), Ct);
        Assert.StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n", key, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(Ct);
        Assert.Equal($"{instance.KeyName}.pem", download.SuggestedFilename);
        var pieces = key.Split('\n')
            .Where(line => !line.StartsWith('-'))
            .SelectMany(line => line.Chunk(32))
            .Select(piece => new string(piece))
            .Where(piece => piece.Length == 32)
            .ToList();
        Assert.Contains(instance.PublicKey!.Split(' ')[1], string.Concat(sent), StringComparison.Ordinal);
        Assert.All(pieces, piece => Assert.DoesNotContain(piece, string.Concat(sent), StringComparison.Ordinal));
        var audit = await db.AuditEntries.SingleAsync(entry => entry.ResourceId == instance.Id, Ct);
        Assert.True(audit.Person?.From is { } from && IPAddress.IsLoopback(from), $"It was asked for from {audit.Person?.From}.");
        var other = await Browser.SignInAsync(Server, Ada, $"/instances/{instance.Id}");
        await Expect(page.GetByRole(AriaRole.Status).GetByText("pending")).ToBeVisibleAsync();
        instance.ObserveStep(InstanceStep.Address, TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await Expect(page.Locator(".steps li.done")).ToHaveCountAsync(2);
        instance.ObserveStep(InstanceStep.Disk, TimeProvider.System.GetUtcNow());
        instance.Observe(new MachineObservation(MachinePower.Running, 0, true, AnAccount.Ed25519, null), TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await Expect(page.Locator(".steps li.done")).ToHaveCountAsync(5);
        await Expect(other.Locator(".steps li.done")).ToHaveCountAsync(5);
        await Expect(page.GetByLabel("the ssh command", new() { Exact = true }))
            .ToContainTextAsync($"ssh -i ~/Downloads/{instance.KeyName}.pem -p {instance.PublicPort}");
        await ABrowser.AssertAccessibleAsync(page, "instance");
    }

    [Fact]
    public async Task The_create_page_takes_volumes_along_and_shows_what_they_add()
    {
        await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        var page = await Browser.SignInAsync(Server, Ada, "/instances/new");
        var before = await page.Locator(".summary .money").InnerTextAsync();
        await page.GetByText("Volumes none besides its root disk").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a volume" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add another" }).ClickAsync();
        var (first, second) = (
            page.GetByRole(AriaRole.Group, new() { Name = "Volume 1" }),
            page.GetByRole(AriaRole.Group, new() { Name = "Volume 2" })
        );
        await first.GetByLabel("Size, GiB").FillAsync("none");
        await Expect(first.GetByRole(AriaRole.Alert)).ToHaveTextAsync("A size is a whole number of GiB from 1 to 2,048.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create instance" })).ToHaveAttributeAsync("aria-disabled", "true");
        await first.GetByLabel("Size, GiB").FillAsync("20");
        await first.GetByLabel("Type").SelectOptionAsync("fast");
        await first.GetByLabel("Delete it when the instance is terminated").CheckAsync();
        await Expect(page.GetByText("Volumes 20 GiB, 8 GiB")).ToBeVisibleAsync();
        Assert.NotEqual(before, await page.Locator(".summary .money").InnerTextAsync());
        await ABrowser.AssertAccessibleAsync(page, "instance-new-volumes");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "instance-new-volumes");
        await second.GetByRole(AriaRole.Button, new() { Name = "Remove volume 2" }).ClickAsync();
        await Expect(page.GetByText("Volumes 20 GiB")).ToBeVisibleAsync();
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync());
        await page.WaitForURLAsync("**/instances/i-*");
        await using var db = CreateDbContext();
        var made = await db.Volumes.SingleAsync(volume => !volume.IsRoot, Ct);
        Assert.Equal((20, "fast", "sdb", true), (made.SizeGiB, made.TypeId, made.Device, made.DeleteOnTermination));
    }

    [Fact]
    public async Task A_size_without_room_for_it_is_greyed_and_says_so()
    {
        await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        await using (var db = CreateDbContext())
        {
            var now = TimeProvider.System.GetUtcNow();
            await db.Regions.ExecuteUpdateAsync(
                set =>
                    set.SetProperty(region => region.SeenAt, now)
                        .SetProperty(region => region.FreeVcpus, 1)
                        .SetProperty(region => region.FreeMemoryMiB, 1024)
                        .SetProperty(region => region.FreeDiskGiB, 100),
                Ct
            );
        }

        var page = await Browser.SignInAsync(Server, Ada, "/instances/new");
        var (small, large) = (page.Locator("label.choice.size").First, page.Locator("label.choice.size").Last);
        await Expect(small.GetByRole(AriaRole.Radio)).ToBeCheckedAsync();
        await Expect(large.GetByRole(AriaRole.Radio)).ToBeDisabledAsync();
        await Expect(large).ToContainTextAsync("There is no room for another");
    }

    [Fact]
    public async Task Without_a_card_the_create_page_says_so_and_leads_there()
    {
        var page = await Browser.SignInAsync(Server, Ada, "/instances/new");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create instance" })).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Go to the card" }))
            .ToHaveAttributeAsync("href", "/billing/card?returnUrl=%2Finstances%2Fnew");
        await ABrowser.AssertAccessibleAsync(page, "instance-new");
    }

    /// <summary>All that the page sends from now on, as far as it is text.</summary>
    private static ConcurrentQueue<string> Sent(IPage page)
    {
        var sent = new ConcurrentQueue<string>();
        page.Request += (_, request) => sent.Enqueue(request.PostData ?? "");
        page.WebSocket += (_, socket) =>
            socket.FrameSent += (_, frame) => sent.Enqueue(frame.Text ?? Encoding.Latin1.GetString(frame.Binary ?? []));
        return sent;
    }
}
