using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Home;

/// <summary>The first page as a person sees it, in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class DashboardPageTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private PortalServer server = null!;
    private Person ada = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync(confirmed: false);
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_newcomer_is_led_to_it_and_taught_three_steps_that_tick_themselves_off()
    {
        var page = await browser.NewPageAsync(server);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync(ada.Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/dashboard");
        await ABrowser.InteractiveAsync(page);
        var steps = page.Locator(".first-steps li");
        await Expect(steps).ToHaveCountAsync(3);
        await Expect(steps.Nth(0).GetByRole(AriaRole.Link, new() { Name = "Add a card" }))
            .ToHaveAttributeAsync("href", "/billing/card?returnUrl=%2Fdashboard");
        await ABrowser.AssertAccessibleAsync(page, "dashboard-first");

        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        await Expect(steps.Nth(0)).ToContainTextAsync("done");
        await using (var db = CreateDbContext())
        {
            await db
                .Users.Where(user => user.Id == ada.UserId)
                .ExecuteUpdateAsync(user => user.SetProperty(one => one.EmailConfirmed, true), Ct);
        }

        await Expect(steps.Nth(1)).ToContainTextAsync("done");
        await steps.Nth(2).GetByRole(AriaRole.Link, new() { Name = "Create an instance" }).ClickAsync();
        await page.WaitForURLAsync("**/instances/new");
    }

    [Fact]
    public async Task What_runs_what_it_costs_and_what_fails_are_pushed_to_it()
    {
        await ConfirmAsync();
        var first = await RunningMachines.AddAsync(this, null, Ada);
        var page = await browser.SignInAsync(server, ada, "/dashboard");
        await Expect(page.Locator("[data-figure=running]")).ToHaveTextAsync("1");
        await Expect(page.GetByText("Nothing needs your attention.")).ToBeVisibleAsync();
        var second = await RunningMachines.AddAsync(this, null, Ada, "blue-heron");
        await Expect(page.Locator("[data-figure=running]")).ToHaveTextAsync("2");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "blue-heron" })).ToHaveAttributeAsync("href", $"/instances/{second}");
        await Expect(page.GetByText("Created the instance").First).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "dashboard");

        await using (var db = CreateDbContext())
        {
            (await db.Instances.SingleAsync(one => one.Id == first, Ct)).Fail("The host could not write to its disk.");
            await db.SaveChangesAsync(Ct);
        }

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Look at it: amber-falcon" }))
            .ToHaveAttributeAsync("href", $"/instances/{first}");
        await ABrowser.AssertAccessibleAsync(page, "dashboard-concern");
    }

    [Fact]
    public async Task A_phone_shows_it_without_scrolling_sideways()
    {
        var page = await browser.SignInAsync(server, ada, "/dashboard", ABrowser.Phone);
        await ABrowser.AssertAccessibleAsync(page, "dashboard-first");
        await ConfirmAsync();
        await RunningMachines.AddAsync(this, null, Ada);
        await Expect(page.Locator("[data-figure=running]")).ToHaveTextAsync("1");
        await ABrowser.AssertAccessibleAsync(page, "dashboard");
    }

    private Actor Ada => new(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);

    private async Task ConfirmAsync()
    {
        await using var db = CreateDbContext();
        await db
            .Users.Where(user => user.Id == ada.UserId)
            .ExecuteUpdateAsync(user => user.SetProperty(one => one.EmailConfirmed, true), Ct);
    }
}
