using System.Net;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The pages of instances and keys as a person sees them, in Chromium; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
public sealed class InstancePagesTests(TestPostgres postgres, ABrowser browser) : InstancePageScene(postgres, browser)
{
    [Fact]
    public async Task The_list_is_searched_filtered_and_sorted_in_its_address_and_many_are_terminated_at_once()
    {
        await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        foreach (var (name, env) in new[] { ("web", "prod"), ("sql", "test"), ("cache", "test") })
        {
            var image = await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
            var wish = AnAccount.Wish(image, count: 3) with
            {
                Name = name,
                Tags = new Dictionary<string, string> { ["env"] = env },
            };
            Assert.Null((await new CreateInstance(this, TimeProvider.System).RunAsync(Actor, wish, Ct)).Reason);
        }

        var page = await Browser.SignInAsync(Server, Ada, "/instances?tag=env%3Dtest&sort=name");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["cache-1", "cache-2", "cache-3", "sql-1", "sql-2", "sql-3"]);
        await ABrowser.AssertAccessibleAsync(page, "instances");

        // The search looks at ids too, which are hexadecimal: no such word can be in one.
        await page.GetByRole(AriaRole.Searchbox).FillAsync("sql");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["sql-1", "sql-2", "sql-3"]);
        Assert.Contains("q=sql", page.Url, StringComparison.Ordinal);

        await page.GetByLabel("Select all that match").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Terminate" }).ClickAsync();
        await page.GetByLabel("Type terminate 3 to confirm").FillAsync("terminate 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Terminate 3 instances" }).ClickAsync();
        await Expect(page.GetByText("3 terminating.")).ToBeVisibleAsync();
        await Expect(page.Locator("tbody .state.shutting-down")).ToHaveCountAsync(3);
    }

    [Fact]
    public async Task A_phone_shows_the_list_as_cards_and_nothing_scrolls_sideways()
    {
        await RunningMachines.AddAsync(this, null, Actor);
        var page = await Browser.SignInAsync(Server, Ada, "/instances", ABrowser.Phone);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon"]);
        await ABrowser.AssertAccessibleAsync(page, "instances");
        await page.GetByRole(AriaRole.Link, new() { Name = "amber-falcon" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "amber-falcon" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance");
        await page.GotoAsync("/instances/new");
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "instance-new");
    }

    /// <summary>Right after a press its reason appears under the pointer, and what is pressed next is often in the navigation.</summary>
    [Fact]
    public async Task What_a_saved_form_s_button_says_covers_no_navigation()
    {
        var id = await RunningMachines.AddAsync(this, null, Actor);
        var page = await Browser.SignInAsync(Server, Ada, $"/instances/{id}?tab=settings");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("blue-heron");
        await page.GetByRole(AriaRole.Form, new() { Name = "Name" }).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var why = page.GetByRole(AriaRole.Form, new() { Name = "Name" }).Locator(".why");
        await Expect(why).ToHaveTextAsync("It is saved.");
        await Expect(why).ToBeVisibleAsync();
        var (tip, sidebar) = (
            await why.BoundingBoxAsync() ?? throw new InvalidOperationException(),
            await page.Locator(".sidebar").BoundingBoxAsync() ?? throw new InvalidOperationException()
        );
        Assert.InRange(tip.X, sidebar.X + sidebar.Width, tip.X);
    }

    [Fact]
    public async Task Keys_are_made_pasted_and_deleted()
    {
        var page = await Browser.SignInAsync(Server, Ada, "/keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key" }).ClickAsync();
        await page.GetByLabel("Public key").FillAsync(AnAccount.Ed25519);
        await page.GetByLabel("Name").FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the key" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "laptop", Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a pair" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("desk");
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Make and download" }).ClickAsync());
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "desk", Exact = true })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the key laptop" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "laptop", Exact = true })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_strangers_instance_is_not_found()
    {
        var id = await RunningMachines.AddAsync(this, null, Actor);
        using var stranger = await Server.NewClientAsync(await Server.AddPersonAsync());
        foreach (var tab in new[] { "", "?tab=console", "?tab=log", "?tab=events" })
        {
            using var answer = await stranger.GetAsync($"/instances/{id}{tab}");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }
}
