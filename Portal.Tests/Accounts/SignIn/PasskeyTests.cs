using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "browser")]
public sealed class PasskeyTests(OneServer one, ABrowser browser) : OneServerTests(one)
{
    [Fact]
    public async Task A_passkey_is_added_renamed_signs_in_without_a_password_and_is_removed()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/settings");
        await AddAuthenticatorAsync(page);

        await page.GetByLabel("Name of the new passkey").FillAsync("Laptop");
        await page.GetByLabel("Your password, to add a passkey").FillAsync("not it at all");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByText("That is not your current password.")).ToBeVisibleAsync();
        await page.GetByLabel("Your password, to add a passkey").FillAsync(PortalServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The passkey is added")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByLabel("Name of the passkey")).ToHaveValueAsync("Laptop");
        await page.GetByLabel("Name of the passkey").FillAsync("Work laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Name of the passkey")).ToHaveValueAsync("Work laptop");
        await ABrowser.AssertAccessibleAsync(page, "settings");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitForURLAsync(Server.Address.ToString());

        // The simulated device would answer the page's own question at once, before anybody could press the button.
        await page.AddInitScriptAsync("PublicKeyCredential.isConditionalMediationAvailable = async () => false;");
        await page.GotoAsync("/sign-in?returnUrl=/settings");
        await page.GetByLabel("Keep me signed in").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with a passkey" }).ClickAsync();
        await page.WaitForURLAsync(url => new Uri(url).AbsolutePath == "/settings"); // the page before has that in its query
        await using var db = CreateDbContext();
        var session = db.Sessions.OrderByDescending(session => session.CreatedAt).First();
        Assert.Equal(TimeSpan.FromDays(14), session.EndsAt - session.CreatedAt);

        // Whoever finds the browser open some time later is not the owner yet.
        await db.Sessions.ExecuteUpdateAsync(
            set =>
                set.SetProperty(session => session.ProvenAt, session => session.ProvenAt!.Value.AddMinutes(-16))
                    .SetProperty(session => session.FactorAt, (DateTimeOffset?)null),
            TestContext.Current.CancellationToken
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove Work laptop" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Confirm that it is you" })).ToBeVisibleAsync();
        Assert.True(await db.UserPasskeys.AnyAsync(TestContext.Current.CancellationToken));
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Now press the button once more")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove Work laptop" }).ClickAsync();
        await Assertions.Expect(page.GetByText("None yet.")).ToBeVisibleAsync();
    }

    // https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
    private static async Task AddAuthenticatorAsync(IPage page)
    {
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync(
            "WebAuthn.addVirtualAuthenticator",
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["options"] = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["protocol"] = "ctap2",
                    ["transport"] = "internal",
                    ["hasResidentKey"] = true,
                    ["hasUserVerification"] = true,
                    ["isUserVerified"] = true,
                    ["automaticPresenceSimulation"] = true,
                },
            }
        );
    }
}
