using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Faults;

/// <summary>What people see while the database is away, and that it goes on by itself when it is back.</summary>
[Trait("Needs", "database")]
[Trait("Needs", "browser")]
public sealed class DatabaseAwayTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private readonly TestPostgres postgres = postgres;

    [Fact]
    public async Task A_page_says_back_in_a_moment_asks_again_by_itself_and_a_form_that_did_not_count()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        using var visitor = Server.NewClient();
        var form = (await visitor.PageAsync("/sign-in")).Forms.Single(form =>
            form.QuerySelectorAll("button").Any(button => button.TextContent.Trim() == "Sign in")
        );
        await postgres.LetInAsync(ConnectionString, false);
        try
        {
            using var page = await client.GetAsync("/instances?q=web&sort=name");
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "3"), (page.StatusCode, page.Headers.RetryAfter?.ToString()));
            var read = await FormClient.ReadAsync(page);
            Assert.Equal("Back in a moment", read.QuerySelector("h1")?.TextContent);
            Assert.Equal("3;url=/instances?q=web&sort=name", read.QuerySelector("meta[http-equiv=refresh]")?.GetAttribute("content"));
            Assert.Equal(
                "Portal cannot reach its database at the moment. This page comes back by itself.",
                read.QuerySelector("[role=status]")?.TextContent
            );

            // With both slashes it would lead to somebody else's site.
            using var elsewhere = await client.Http.GetAsync(
                new Uri($"{Server.Address}/evil.test/"),
                TestContext.Current.CancellationToken
            );
            Assert.Equal(
                "3;url=/evil.test/",
                (await FormClient.ReadAsync(elsewhere)).QuerySelector("meta[http-equiv=refresh]")?.GetAttribute("content")
            );

            using var sent = await visitor.SendAsync("/sign-in", form, ("Email", person.Email), ("Password", PortalServer.Password));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, sent.StatusCode);
            Assert.StartsWith(
                "That did not go through",
                (await FormClient.ReadAsync(sent)).QuerySelector("[role=status]")?.TextContent,
                StringComparison.Ordinal
            );
        }
        finally
        {
            await postgres.LetInAsync(ConnectionString, true);
        }

        await Until.TrueAsync(async () =>
        {
            using var again = await client.GetAsync("/instances");
            return again.StatusCode is HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task A_press_on_an_open_page_is_told_not_to_have_counted_and_the_page_and_what_was_typed_stay()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/networks/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("mine");
        await postgres.LetInAsync(ConnectionString, false);
        try
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Create network" }).ClickAsync();
            await Expect(page.GetByText("That did not go through")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true })).ToHaveValueAsync("mine");

            await page.GetByRole(AriaRole.Link, new() { Name = "SSH keys" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Back in a moment" })).ToBeVisibleAsync();
        }
        finally
        {
            await postgres.LetInAsync(ConnectionString, true);
        }

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "SSH keys" })).ToBeVisibleAsync();
        await using var db = CreateDbContext();
        Assert.False(await db.Networks.AnyAsync(network => network.Name == "mine", TestContext.Current.CancellationToken));
        await new ThreeTruths(this).AgreeAsync(Server);
    }
}
