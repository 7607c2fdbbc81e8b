using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>How a person is asked for the second factor, and once more.</summary>
[Trait("Needs", "browser")]
public sealed class ProofPagesTests(OneServer one, ABrowser browser) : OneServerTests(one)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_without_a_second_factor_gets_the_page_to_set_one_up()
    {
        var page = await browser.NewPageAsync(Server);
        var person = await Server.AddPersonAsync(isOperator: true, enrolled: false);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync(person.Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/operator/enrol");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "With an authenticator app" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "operator-enrol");
    }

    [Fact]
    public async Task A_change_after_fifteen_minutes_asks_for_the_code_and_then_goes_through()
    {
        var (admin, other) = (
            await Server.AddPersonAsync(isOperator: true),
            await Server.AddPersonAsync(isOperator: true, role: OperatorRole.Support)
        );
        var page = await browser.SignInAsync(Server, admin, "/operator/operators");
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, longAgo), Ct);
        await ABrowser.AssertAccessibleAsync(page, "operators");

        await page.GetByLabel($"Role of {other.Email}").SelectOptionAsync("Billing");
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Code of your authenticator app").FillAsync("000000");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("That code is incorrect");
        await ABrowser.AssertAccessibleAsync(page, "proof-dialog");
        Assert.Equal(OperatorRole.Support, await RoleOfAsync(other));

        await dialog.GetByLabel("Code of your authenticator app").FillAsync(await Server.CodeOfAsync(admin));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        await Until.TrueAsync(async () => await RoleOfAsync(other) is OperatorRole.Billing);
    }

    [Fact]
    public async Task A_customer_who_signed_in_long_ago_is_asked_before_the_other_sessions_end_and_before_a_key_is_kept()
    {
        var person = await Server.AddPersonAsync();
        using var other = await Server.NewClientAsync(person);
        var page = await browser.SignInAsync(Server, person, "/settings");
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.ProvenAt, longAgo), Ct);
        await page.GetByRole(AriaRole.Button, new() { Name = "End all others" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Confirm that it is you" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "proof");
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Now press the button once more.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "End all others" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Your other sessions have ended.")).ToBeVisibleAsync();

        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.ProvenAt, longAgo), Ct);
        await page.GotoAsync("/keys");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("laptop");
        await page.GetByLabel("Public key").FillAsync(AnAccount.Ed25519);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the key" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Password").FillAsync(PortalServer.Password);
        await ABrowser.AssertAccessibleAsync(page, "proof-dialog-password");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Confirm", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Cell, new() { Name = "laptop", Exact = true })).ToBeVisibleAsync();
    }

    private async Task<OperatorRole?> RoleOfAsync(Person person)
    {
        await using var db = CreateDbContext();
        return await db.Users.Where(user => user.Id == person.UserId).Select(user => user.Role).SingleAsync(Ct);
    }
}
