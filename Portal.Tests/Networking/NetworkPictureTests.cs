using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Networking;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Networking;

/// <summary>The picture of a network, and what a phone shows.</summary>
[Trait("Needs", "browser")]
public sealed class NetworkPictureTests(TestPostgres postgres, ABrowser browser) : NetworkPageScene(postgres, browser)
{
    [Fact]
    public async Task The_picture_shows_subnets_instances_groups_addresses_and_peers_and_so_does_the_list()
    {
        var home = await ReadNetworkAsync();
        var back = Made(
            await new CreateNetwork(this, TimeProvider.System).RunAsync(
                Actor,
                new()
                {
                    Name = "office",
                    Range = "10.1.0.0/16",
                    Subnets = [new("default", "10.1.0.0/24")],
                    RequestToken = "t",
                },
                Ct
            )
        );
        Assert.Null((await new EditSubnets(this, TimeProvider.System).AddAsync(Actor, home, new("backend", "10.0.1.0/24"), Ct)).Reason);
        Made(await new Peerings(this, TimeProvider.System).CreateAsync(Actor, home, back.Id, "default–office", Ct));
        var groups = new SecurityGroups(this, TimeProvider.System);
        var web = Made(
            await groups.CreateAsync(
                Actor,
                home,
                "web",
                [new(RuleDirection.Inbound, TransportProtocol.Tcp, 443, 443, NewRule.Anywhere, null)],
                Ct
            )
        );
        var data = Made(
            await groups.CreateAsync(
                Actor,
                home,
                "database",
                [new(RuleDirection.Inbound, TransportProtocol.Tcp, 5432, 5432, null, web.Id)],
                Ct
            )
        );
        await InstanceAsync("web-1", wish => wish with { WithAddress = true, SecurityGroupIds = [web.Id] });
        await InstanceAsync("web-2", wish => wish with { SecurityGroupIds = [web.Id] });
        await using var db = CreateDbContext();
        var backend = await db.Subnets.SingleAsync(subnet => subnet.Name == "backend", Ct);
        await InstanceAsync("database", wish => wish with { SubnetId = backend.Id, SecurityGroupIds = [data.Id] });

        var page = await OpenAsync($"/networks/{home}");
        await Expect(page.Locator("svg.topology a")).ToHaveCountAsync(4);
        await Expect(page.Locator("svg.topology").GetByText("10.0.0.4 ← ports 25000–25009")).ToBeVisibleAsync();
        await Expect(page.Locator(".state.available")).ToHaveCountAsync(1);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.ScreenshotAsync(new() { Path = Path.Combine(TestPostgres.Repository, "docs", "pictures", "network.png") });
        await page.GetByText("As a list").ClickAsync();
        var list = page.Locator(".topology-list");
        await Expect(list.GetByRole(AriaRole.Link, new() { Name = "office" })).ToBeVisibleAsync();
        await Expect(list.GetByText("10.0.1.4")).ToBeVisibleAsync();
        await Expect(
                list.GetByRole(AriaRole.Listitem)
                    .Filter(new() { HasText = "web-1, running, 10.0.0.4, reached as ports 25000–25009, in web" })
                    .Last
            )
            .ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "network-full");
        await page.Locator("svg.topology a", new() { HasText = "office" }).ClickAsync();
        await page.WaitForURLAsync($"**/networks/{back.Id}");
    }

    [Fact]
    public async Task On_a_phone_nothing_scrolls_sideways()
    {
        var instance = await InstanceAsync("web");
        await using var db = CreateDbContext();
        var group = await db.SecurityGroups.SingleAsync(Ct);
        Assert.True((await new PublicAddresses(this, TimeProvider.System).AllocateAsync(Actor, "local", "front", Ct)).IsDone);
        var page = await OpenAsync("/networks", ABrowser.Phone);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["default"]);
        await ABrowser.AssertAccessibleAsync(page, "networks");
        foreach (
            var (path, picture, shown) in new[]
            {
                ($"/networks/{instance.NetworkId}", "network", "Topology"),
                ("/networks/new", "network-new", "Subnets"),
                ("/security-groups", "security-groups", "default"),
                ($"/security-groups/{group.Id}", "security-group", "Inbound"),
                ("/addresses", "addresses", "front"),
                ($"/instances/{instance.Id}?tab=networking", "instance-networking", "Add an interface"),
            }
        )
        {
            await page.GotoAsync(path);
            await ABrowser.InteractiveAsync(page);
            await Expect(page.GetByText(shown).First).ToBeVisibleAsync();
            await ABrowser.AssertAccessibleAsync(page, picture);
        }
    }

    private static T Made<T>(Model.Shared.Outcome<T> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }
}
