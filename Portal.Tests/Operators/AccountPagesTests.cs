using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

[Trait("Needs", "browser")]
public sealed class AccountPagesTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected override (string Key, string Value)[] Settings => [("Trust:FirstStep", "0"), ("Portal:SupportEmail", "help@example.com")];

    [Fact]
    public async Task An_operator_finds_an_account_raises_it_suspends_it_and_resumes_it_and_its_owner_reads_why()
    {
        var ada = await Server.AddPersonAsync(email: "ada@example.com");
        await Server.AddPersonAsync(email: "bob@example.com");
        var customer = await browser.SignInAsync(Server, ada, "/billing");
        var limits = customer.GetByRole(AriaRole.Region, new() { Name = "Limits" });
        await Assertions.Expect(limits.GetByText("$0.00 of $50.00")).ToBeVisibleAsync();
        await Assertions.Expect(limits.GetByText("0 of 5", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(limits.GetByRole(AriaRole.Link, new() { Name = "help@example.com" })).ToBeVisibleAsync();

        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator/accounts");
        await page.GetByLabel("Find by e-mail, name or id").FillAsync("ada@");
        await page.GetByRole(AriaRole.Button, new() { Name = "Find" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "bob@example.com" })).ToHaveCountAsync(0);
        await ABrowser.AssertAccessibleAsync(page, "operator-accounts");
        await page.GetByRole(AriaRole.Link, new() { Name = "ada@example.com" }).ClickAsync();
        await page.GetByLabel("Step", new() { Exact = true }).SelectOptionAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set the step" }).ClickAsync();
        await Assertions.Expect(page.GetByText("$0.00 of $200.00")).ToBeVisibleAsync();
        await Assertions.Expect(limits.GetByText("$0.00 of $200.00")).ToBeVisibleAsync();

        await page.GetByLabel("Note for operators").FillAsync("asked by the bank");
        await page.GetByRole(AriaRole.Button, new() { Name = "Suspend", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".state.suspended")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "operator-account");

        // The open session is over; the same person signs in again and reads why.
        await customer.WaitForURLAsync(url => url.Contains("/sign-in", StringComparison.Ordinal));
        customer = await browser.SignInAsync(Server, ada, "/volumes");
        await Assertions.Expect(customer.GetByRole(AriaRole.Alert)).ToContainTextAsync(CreateRule.Suspended);
        await ABrowser.AssertAccessibleAsync(customer, "suspended");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Assertions.Expect(customer.GetByText(CreateRule.Suspended)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task An_Admin_announces_that_a_lost_second_factor_can_be_removed_and_withdraws_it()
    {
        var ada = await Server.AddPersonAsync(email: "ada@example.com");
        await using var db = CreateDbContext();
        await db
            .Users.Where(user => user.Id == ada.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true), Ct);
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), $"/operator/accounts/{ada.AccountId}");
        var note = page.GetByLabel("How you know that it is ada@example.com");
        await note.FillAsync("showed a bill");
        await ABrowser.AssertAccessibleAsync(page, "operator-lost-factor");
        await page.GetByRole(AriaRole.Button, new() { Name = "Announce the removal" }).ClickAsync();
        await Assertions.Expect(page.GetByText("ada@example.com can have it removed from")).ToBeVisibleAsync();
        Assert.Single(await db.FactorRemovals.Where(removal => removal.EndedAt == null).ToListAsync(Ct));
        await page.GetByRole(AriaRole.Button, new() { Name = "Withdraw" }).ClickAsync();
        await Assertions.Expect(note).ToHaveValueAsync("");
    }

    [Theory]
    [InlineData("jo@bücher.example")]
    [InlineData("Jo@BÜCHER.example")]
    [InlineData("bücher.example")]
    [InlineData("jo@xn--bcher-kva.example")]
    [InlineData("XN--BCHER-KVA")]
    public async Task An_operator_finds_an_international_address_in_both_spellings(string typed)
    {
        var jo = await Server.AddPersonAsync(email: "jo@xn--bcher-kva.example");
        await Server.AddPersonAsync(email: "ada@example.com");
        await using var db = CreateDbContext();
        await db
            .Accounts.Where(account => account.Id == jo.AccountId)
            .ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, "Books"), Ct);
        var found = await Server.Services.GetRequiredService<CustomerAccounts>().ListAsync(typed, Ct);
        Assert.Equal([jo.AccountId], found.Select(row => row.Account.Id));
    }

    [Fact]
    public async Task Signing_up_makes_an_account_of_the_first_step()
    {
        var ada = await Server.AddPersonAsync();
        await using var db = CreateDbContext();
        var account = await db.Accounts.SingleAsync(account => account.Id == ada.AccountId, Ct);
        Assert.Equal((0, 50m, 5), (account.TrustStep, account.UnpaidLimit, account.InstanceLimit));
    }
}
