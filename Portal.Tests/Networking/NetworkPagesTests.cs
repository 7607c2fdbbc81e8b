using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Networking;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Networking;

/// <summary>The pages of networking as a person uses them, in Chromium, with a real worker on the engine in memory.</summary>
[Trait("Needs", "browser")]
public sealed class NetworkPagesTests(TestPostgres postgres, ABrowser browser) : NetworkPageScene(postgres, browser)
{
    [Fact]
    public async Task A_network_is_made_peered_given_a_subnet_and_deleted_by_typing_its_name()
    {
        var page = await OpenAsync("/networks/new");
        await Expect(page.GetByLabel("IPv4 range")).ToHaveValueAsync("10.1.0.0/16");
        await page.GetByLabel("IPv4 range").FillAsync("10.1.2.3/16");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("backend");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("the range is 10.1.0.0/16");
        await page.GetByLabel("IPv4 range").FillAsync("10.2.0.0/16");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a subnet" }).ClickAsync();
        await Expect(page.GetByLabel("Range of the subnet subnet-2")).ToHaveValueAsync("10.2.1.0/24");
        await ABrowser.AssertAccessibleAsync(page, "network-new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create network" }).DblClickAsync();
        await page.WaitForURLAsync("**/networks/vpc-*");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "backend" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Subnets" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add subnet" }).ClickAsync();
        await Expect(page.GetByText("10.2.2.0/24", new() { Exact = true })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "network-subnets");
        await page.GetByRole(AriaRole.Link, new() { Name = "Peering" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        await Expect(page.Locator("table .state.available")).ToHaveCountAsync(1);
        await ABrowser.AssertAccessibleAsync(page, "network-peering");
        await page.GetByRole(AriaRole.Link, new() { Name = "Internet" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Turn on" })).ToHaveAttributeAsync("aria-disabled", "true");
        await ABrowser.AssertAccessibleAsync(page, "network-internet");

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("It holds a peering.");
        await page.GetByLabel("Type backend to confirm").FillAsync("backend");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete all" }).ClickAsync();
        await page.WaitForURLAsync("**/networks");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["default"]);
        await ABrowser.AssertAccessibleAsync(page, "networks");
    }

    [Fact]
    public async Task Rules_are_saved_warn_of_what_is_risky_and_say_when_they_are_applied()
    {
        await InstanceAsync("web");
        await using var db = CreateDbContext();
        var group = await db.SecurityGroups.SingleAsync(Ct);
        var page = await OpenAsync($"/security-groups/{group.Id}");
        var inbound = page.GetByRole(AriaRole.Group, new() { Name = "Inbound rules" });
        await inbound.GetByRole(AriaRole.Button, new() { Name = "HTTP", Exact = true }).ClickAsync();
        await inbound.GetByRole(AriaRole.Button, new() { Name = "Add a rule" }).ClickAsync();
        var rule = inbound.GetByRole(AriaRole.Group, new() { Name = "Rule 3" });
        await rule.GetByLabel("Ports").FillAsync("5432");
        await rule.GetByLabel("Note").FillAsync("the database");
        await Expect(page.GetByText("Open to everybody: PostgreSQL (5432).")).ToBeVisibleAsync();
        await rule.GetByLabel("From").SelectOptionAsync("My address");
        await Expect(rule.GetByLabel("Range")).ToHaveValueAsync("127.0.0.1/32");
        await ABrowser.AssertAccessibleAsync(page, "security-group");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save rules" }).ClickAsync();
        await Expect(page.GetByText("Applied in ")).ToBeVisibleAsync();
        var held = Assert.Single(Assert.Single(Engine.Networks).Groups).Inbound;
        Assert.Equal([22, 80, 5432], held.Select(held => held.FromPort).Order());
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "web" })).ToBeVisibleAsync();

        await rule.GetByLabel("Ports").FillAsync("everything");
        await rule.GetByLabel("Note").ClickAsync();
        await Expect(page.GetByText("A port is a number from 1 to 65535.").First).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Save rules" })).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Expect(rule.GetByLabel("Ports")).ToHaveValueAsync("5432");

        await page.GotoAsync("/security-groups");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "New group" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("cache");
        await ABrowser.AssertAccessibleAsync(page, "security-groups");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create group" }).ClickAsync();
        await page.WaitForURLAsync("**/security-groups/sg-*");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "cache" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_address_is_allocated_led_to_an_instance_moved_and_released()
    {
        var (one, two) = (await InstanceAsync("one"), await InstanceAsync("two"));
        var page = await OpenAsync("/addresses");
        await ABrowser.AssertAccessibleAsync(page, "addresses-none");
        await page.GetByRole(AriaRole.Button, new() { Name = "Allocate an address" }).ClickAsync();
        await Expect(page.GetByText("ports 25000–25009")).ToBeVisibleAsync();
        await page.GetByLabel("Assigned to").SelectOptionAsync(new SelectOptionValue { Label = $"one — {one.Address}" });
        await Expect(page.Locator(".state.associated")).ToBeVisibleAsync();
        Assert.Equal(one.Id, Assert.Single(Assert.Single(Engine.Networks).Addresses).InstanceId);
        await page.GetByLabel("Assigned to").SelectOptionAsync(new SelectOptionValue { Label = $"two — {two.Address}" });
        await Until.TrueAsync(() => Assert.Single(Engine.Networks).Addresses is [{ InstanceId: var led }] && led == two.Id);
        await page.Locator("summary", new() { HasText = "Ports" }).ClickAsync();
        await page.GetByLabel("127.0.0.1:25001 →").FillAsync("8888");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save ports" }).ClickAsync();
        await Until.TrueAsync(() =>
            Assert.Single(Engine.Networks).Addresses is [{ Forwards: var forwards }] && forwards[1].GuestPort == 8888
        );
        await ABrowser.AssertAccessibleAsync(page, "addresses");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Release" })).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByLabel("Assigned to").SelectOptionAsync("nothing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Release" }).ClickAsync();
        await page.GetByLabel("Type address-1 to confirm").FillAsync("address-1");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Release" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No public addresses" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_instance_gets_an_interface_while_it_runs_and_the_picture_shows_where_it_is()
    {
        var instance = await InstanceAsync("web");
        var page = await OpenAsync($"/instances/{instance.Id}?tab=networking");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add interface" }).ClickAsync();
        await Expect(page.Locator(".state.in-use")).ToHaveCountAsync(2);
        Assert.Equal(2, Assert.Single(Engine.Machines).Interfaces.Count);
        await ABrowser.AssertAccessibleAsync(page, "instance-networking");

        await page.GotoAsync($"/networks/{instance.NetworkId}");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator("svg.topology .strong", new() { HasText = "web" })).ToHaveCountAsync(2);
        await page.GetByText("As a list").ClickAsync();
        await Expect(page.Locator(".topology-list").GetByRole(AriaRole.Link, new() { Name = "web" })).ToHaveCountAsync(2);
        await ABrowser.AssertAccessibleAsync(page, "network");
        await page.Locator("svg.topology a").First.ClickAsync();
        await page.WaitForURLAsync($"**/instances/{instance.Id}");

        await page.GotoAsync($"/instances/{instance.Id}?tab=networking");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Until.TrueAsync(() => Assert.Single(Engine.Machines).Interfaces.Count == 1);
        await Expect(page.Locator(".state.in-use")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task The_create_page_chooses_subnet_groups_and_an_address_and_shows_what_it_adds()
    {
        await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        Assert.True(
            (
                await new EditSubnets(this, TimeProvider.System).AddAsync(Actor, await ReadNetworkAsync(), new("dmz", "10.0.9.0/24"), Ct)
            ).IsDone
        );
        var page = await OpenAsync("/instances/new");
        await page.GetByText("Network default, default").ClickAsync();
        await page.GetByLabel("Subnet").SelectOptionAsync(new SelectOptionValue { Label = "dmz — 10.0.9.0/24" });
        await page.GetByLabel("A public address of its own").CheckAsync();
        await Expect(page.GetByText("Network default, dmz, with a public address")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance-new-network");
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync());
        await page.WaitForURLAsync("**/instances/i-*");
        await Until.TrueAsync(() => Engine.Networks is [{ Addresses: [{ Private: var address }] }] && $"{address}" == "10.0.9.4");
    }
}
