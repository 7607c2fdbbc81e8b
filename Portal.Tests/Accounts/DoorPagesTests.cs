using Microsoft.Playwright;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "browser")]
public sealed class DoorPagesTests(OneServer one, ABrowser browser) : OneServerTests(one)
{
    [Theory]
    [InlineData("/", "home")]
    [InlineData("/sign-up", "sign-up")]
    [InlineData("/sign-in", "sign-in")]
    [InlineData("/forgot-password", "forgot-password")]
    [InlineData("/reset-password?user=x&code=y", "reset-password")]
    [InlineData("/undo-email?code=x", "undo-email")]
    [InlineData("/undo-factor?code=x", "undo-factor")]
    [InlineData("/keep-factor?code=x", "keep-factor")]
    [InlineData("/not-there", "not-found")]
    [InlineData("/not-found", "not-found-in-circuit")]
    [InlineData("/error", "error")]
    [InlineData("/status/429", "too-many-tries")]
    public async Task Is_readable_by_everybody(string path, string name)
    {
        foreach (var size in (ViewportSize[])[ABrowser.Desktop, ABrowser.Phone])
        {
            var page = await browser.NewPageAsync(Server, size);
            await page.GotoAsync(path);
            await ABrowser.AssertAccessibleAsync(page, name);
            await page.Context.CloseAsync();
        }
    }

    [Theory]
    [InlineData("/settings", "settings-phone")]
    [InlineData("/settings/second-factor", "second-factor-setup")]
    [InlineData("/confirm-email", "confirm-email")]
    [InlineData("/settings/email?to=x&code=y", "new-address")]
    [InlineData("/confirm-email?user=x&code=y", "confirm-email-link")]
    [InlineData("/audit", "audit")]
    [InlineData("/audit?resource=none", "audit-empty")]
    public async Task Is_readable_by_everybody_who_is_signed_in(string path, string name)
    {
        var person = await Server.AddPersonAsync(confirmed: false);
        foreach (var size in (ViewportSize[])[ABrowser.Desktop, ABrowser.Phone])
        {
            var page = await browser.SignInAsync(Server, person, path, size);
            await ABrowser.AssertAccessibleAsync(page, name);
            await page.Context.CloseAsync();
        }
    }

    /// <summary>From the address on to the password, and not to the link that stands before it.</summary>
    [Fact]
    public async Task Whoever_has_no_mouse_signs_in_in_the_order_in_which_the_page_is_read()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.NewPageAsync(Server);
        await page.GotoAsync("/sign-in?returnUrl=%2Fsettings");
        await page.WaitForFunctionAsync("() => document.activeElement?.name === 'Email'");
        var order = new List<string>();
        for (var stop = 0; stop < 5; stop++)
        {
            order.Add(
                await page.EvaluateAsync<string>(
                    "() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim().replace(/\\s+/g, ' ')"
                )
            );
            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Equal(["E-mail", "Password", "Forgot password?", $"Keep me signed in for {Session.KeptFor.Days} days", "Sign in"], order);
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => document.activeElement?.name === 'Email'");
        await page.Keyboard.TypeAsync(person.Email);
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync(PortalServer.Password);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/settings");
    }

    [Fact]
    public async Task A_refusal_is_told_to_everybody()
    {
        var page = await browser.NewPageAsync(Server, ABrowser.Phone);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync("nobody@example.com");
        await page.GetByLabel("Password").FillAsync("not the right one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("Incorrect e-mail or password");
        await ABrowser.AssertAccessibleAsync(page, "sign-in-refused");
    }

    [Fact]
    public async Task A_second_factor_is_set_up_and_asked_for_in_a_browser()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/settings/second-factor", ABrowser.Phone);
        var key = (await page.Locator(".secret").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await page.GetByLabel("Your password").FillAsync(PortalServer.Password);
        await page.GetByLabel("The six digits it shows now").FillAsync(Totp.CodeOf(key, Totp.StepOf(TimeProvider.System.GetUtcNow())));
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn on" }).ClickAsync();
        await Assertions.Expect(page.Locator(".codes li")).ToHaveCountAsync(10);
        await ABrowser.AssertAccessibleAsync(page, "second-factor-codes");

        // This page is merged into the one before: what its script shows, it shows after that too.
        await page.GetByRole(AriaRole.Link, new() { Name = "I've saved these codes" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" })).ToBeVisibleAsync();

        var other = await browser.NewPageAsync(Server, ABrowser.Desktop);
        await other.GotoAsync("/sign-in");
        await other.GetByLabel("E-mail").FillAsync(person.Email);
        await other.GetByLabel("Password").FillAsync(PortalServer.Password);
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await other.WaitForURLAsync(url => url.Contains("/sign-in/second-factor", StringComparison.Ordinal));
        await ABrowser.AssertAccessibleAsync(other, "second-factor");

        // The next half minute's: that of this one was used to set it up.
        await other.GetByLabel("Code").FillAsync(Totp.CodeOf(key, Totp.StepOf(TimeProvider.System.GetUtcNow()) + 1));
        await other.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Assertions.Expect(other.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task On_a_phone_the_navigation_opens_and_leads_on_with_a_circuit_and_without()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/audit", ABrowser.Phone);
        var menu = page.GetByRole(AriaRole.Button, new() { Name = "Menu" });
        await menu.ClickAsync();
        await Assertions.Expect(menu).ToHaveAttributeAsync("aria-expanded", "true");
        await page.GetByRole(AriaRole.Link, new() { Name = "Instances" }).ClickAsync();
        await page.WaitForURLAsync("**/instances");
        await Assertions.Expect(page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })).ToBeHiddenAsync();

        await page.GotoAsync("/settings");
        await page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Audit" }).ClickAsync();
        await page.WaitForURLAsync("**/audit");
    }
}
