using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Npgsql;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Faults;

/// <summary>
/// The line to the database breaks at a COMMIT: before it arrives, or after, with its answer lost. The web cannot tell these apart, and
/// does not say that nothing was changed.
/// </summary>
[Trait("Needs", "browser")]
public sealed class BrokenCommitTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private const string Unknown = "it is not known whether that went through. Look before you try again.";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly Line line = new();
    private PortalServer server = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var web = new NpgsqlConnectionStringBuilder(TestPostgres.As("web", ConnectionString));
        line.LeadTo(web.Port);
        web.Port = line.Port;
        server = await PortalServer.StartAsync(web.ConnectionString);
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await line.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_press_is_not_said_to_have_changed_nothing_and_pressed_again_it_makes_one(bool arrives)
    {
        var page = await browser.SignInAsync(server, await server.AddPersonAsync(), "/networks/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("mine");
        var broken = BreakAtCommitOf("Networks", arrives);
        var create = page.GetByRole(AriaRole.Button, new() { Name = "Create network" });
        await create.ClickAsync();
        await broken;
        await Expect(page.GetByText(Unknown)).ToBeVisibleAsync();
        await Expect(page.GetByText("Nothing was changed")).ToHaveCountAsync(0);

        await using var db = CreateDbContext();
        Assert.Equal(arrives, await db.Networks.AnyAsync(network => network.Name == "mine", Ct));

        // What became of it is told before the button is one again.
        await Expect(create).ToBeEnabledAsync();
        await create.ClickAsync();
        await page.WaitForURLAsync("**/networks/vpc-*");
        Assert.Equal(1, await db.Networks.CountAsync(network => network.Name == "mine", Ct));
        Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.Action == "CreateVpc", Ct));
        await new ThreeTruths(this).AgreeAsync(server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sign_up_is_not_said_to_have_changed_nothing_and_sent_again_it_makes_one_account_and_one_mail(bool arrives)
    {
        using var client = server.NewClient();
        var broken = BreakAtCommitOf("Users", arrives);
        using var first = await client.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", PortalServer.Password));
        await broken;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, first.StatusCode);
        Assert.Contains(Unknown, (await FormClient.ReadAsync(first)).QuerySelector("[role=status]")?.TextContent, StringComparison.Ordinal);

        using var second = await client.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", PortalServer.Password));
        using var signedIn = await server.NewClientAsync(new Person(Guid.Empty, "", "ada@example.com"));
        Assert.Contains("ada@example.com", (await signedIn.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Equal((1, 1), (await db.Accounts.CountAsync(Ct), await db.Users.CountAsync(Ct)));
        Assert.Equal(1, await db.Mails.CountAsync(mail => mail.To == "ada@example.com" && mail.Subject.Contains("Confirm"), Ct));
        await new ThreeTruths(this).AgreeAsync(server);
    }

    private Task BreakAtCommitOf(string table, bool arrives) =>
        line.BreakOnceAsync(
            said =>
                said.LastIndexOf($"INSERT INTO \"{table}\"", StringComparison.Ordinal) is var insert and >= 0
                && said.IndexOf("COMMIT", insert, StringComparison.Ordinal) >= 0,
            arrives
        );
}
