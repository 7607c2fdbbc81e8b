using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "browser")]
public sealed class CircuitTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    [Fact]
    public async Task From_a_page_with_a_circuit_links_lead_to_one_without_and_back()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/audit");
        await page.GetByRole(AriaRole.Link, new() { Name = person.Email }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Settings" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Audit" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Audit" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitForURLAsync(Server.Address.ToString());
        await page.GotoAsync("/audit");
        await page.WaitForURLAsync("**/sign-in?returnUrl=**");
    }

    [Fact]
    public async Task An_open_page_of_a_revoked_session_leaves_for_the_sign_in_by_itself()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/audit");
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        await db
            .Sessions.Where(session => session.UserId == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now));
        await page.WaitForURLAsync("**/sign-in?returnUrl=**");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_open_page_leaves_too_when_nobody_tells_it_that_its_session_was_revoked()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/audit");
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlAsync($"""ALTER TABLE "Sessions" DISABLE TRIGGER USER""");
        var now = TimeProvider.System.GetUtcNow();
        await db
            .Sessions.Where(session => session.UserId == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now));
        await page.WaitForURLAsync("**/sign-in?returnUrl=**");
    }

    [Fact]
    public async Task An_operator_who_is_one_no_more_leaves_the_operators_pages_and_others_stay()
    {
        var (person, other) = (await Server.AddPersonAsync(isOperator: true), await Server.AddPersonAsync(isOperator: true));
        var page = await browser.SignInAsync(Server, person, "/operator");
        var others = await browser.SignInAsync(Server, other, "/operator");
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlAsync($"""ALTER TABLE "Users" DISABLE TRIGGER USER""");
        await db
            .Users.Where(user => user.Id == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.Role, (OperatorRole?)null));
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Not found" })).ToBeVisibleAsync();
        await others.GetByRole(AriaRole.Link, new() { Name = "Images" }).Last.ClickAsync();
        await Assertions.Expect(others.GetByRole(AriaRole.Heading, new() { Name = "Images", Level = 1 })).ToBeVisibleAsync();
    }
}
