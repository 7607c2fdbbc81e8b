using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Portal.Billing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Tests.Shared;
using Portal.Worker.Billing;

namespace Portal.Tests.Billing;

[Trait("Needs", "browser")]
public sealed class CardPagesTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private SandboxServer sandbox = null!;

    protected override (string Key, string Value)[] Settings => [("Stripe:ApiBase", sandbox.Url)];

    public override async ValueTask InitializeAsync()
    {
        sandbox = await SandboxServer.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task A_card_is_added_at_the_card_page_and_leads_back_to_where_one_came_from()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/billing/card?returnUrl=%2Fbilling");
        await ABrowser.AssertAccessibleAsync(page, "cards-empty");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add card — $0 now" }).ClickAsync();
        await page.GetByLabel("Card number").WaitForAsync();
        await ABrowser.AssertAccessibleAsync(page, "checkout");
        await FillAsync(page, "4000000000009995");
        await page.GetByText("Your card has insufficient funds.").WaitForAsync();
        await ABrowser.AssertAccessibleAsync(page, "checkout-declined");
        await FillAsync(page, "4242424242424242");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Checking your card" }).WaitForAsync();
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "card-checking");
        await ApplyAsync();
        await page.WaitForURLAsync(url => new Uri(url).AbsolutePath == "/billing");
        await page.GetByText("Visa •••• 4242").WaitForAsync();
        await page.GotoAsync("/billing/card");
        await page.GetByText("Default", new() { Exact = true }).WaitForAsync();
        await ABrowser.AssertAccessibleAsync(page, "cards");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "cards");
    }

    [Fact]
    public async Task A_card_that_is_refused_says_why_and_offers_another_try()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/billing/card", ABrowser.Phone);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add card — $0 now" }).ClickAsync();
        await FillAsync(page, "4000002760003184");
        await ABrowser.AssertAccessibleAsync(page, "three-d-secure");
        await page.GetByRole(AriaRole.Button, new() { Name = "Complete authentication" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Checking your card" }).WaitForAsync();
        await ABrowser.InteractiveAsync(page);
        await ApplyAsync();
        await page.GetByText("The bank wants to confirm every payment of this card").WaitForAsync();
        await ABrowser.AssertAccessibleAsync(page, "card-refused");
        await page.GetByRole(AriaRole.Link, new() { Name = "Try another card" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Cards" }).WaitForAsync();
    }

    [Fact]
    public async Task A_check_that_takes_longer_than_usual_says_so()
    {
        await using var server = await PortalServer.StartAsync(
            ConnectionString,
            builder => builder.Services.AddSingleton<TimeProvider>(new Impatient()),
            settings: Settings
        );
        var page = await browser.SignInAsync(server, await server.AddPersonAsync(), "/billing/card");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add card — $0 now" }).ClickAsync();
        await FillAsync(page, "4242424242424242");
        await Assertions.Expect(page.GetByText("This takes longer than usual: the card company has not answered yet.")).ToBeVisibleAsync();
        await ApplyAsync();
        await page.GetByText("The card works.").WaitForAsync();
    }

    [Fact]
    public async Task The_bill_shows_the_month_so_far_its_end_and_every_span()
    {
        var person = await Server.AddPersonAsync();
        var now = TimeProvider.System.GetUtcNow();
        await using (var db = CreateDbContext())
        {
            var start = Forecast.StartOfMonth(now);
            db.UsageSpans.AddRange(
                ASpan(person, "i-0aaaaaaaaaaaaaaaa", "amber-falcon", "instance.t1.small", 1, start.AddDays(-2), null),
                ASpan(person, "i-0aaaaaaaaaaaaaaaa", "amber-falcon", Skus.Disk, 16, start.AddDays(-2), null),
                ASpan(person, "i-0bbbbbbbbbbbbbbbb", "quiet-heron", "instance.t1.nano", 1, start, start.AddTicks((now - start).Ticks / 3))
            );
            await db.SaveChangesAsync();
        }

        foreach (var size in (ViewportSize[])[ABrowser.Desktop, ABrowser.Phone])
        {
            var page = await browser.SignInAsync(Server, person, "/billing", size);
            await page.GetByText("amber-falcon").ClickAsync();
            await page.GetByText("still on").First.WaitForAsync();
            await ABrowser.AssertAccessibleAsync(page, "billing");
            await page.Context.CloseAsync();
        }
    }

    [Fact]
    public async Task An_empty_bill_teaches_the_first_step()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/billing");
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an instance" }).WaitForAsync();
        await ABrowser.AssertAccessibleAsync(page, "billing-empty");
    }

    /// <summary>What is usual for a check is over at once.</summary>
    private sealed class Impatient : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == CardReturnPage.Usual ? TimeSpan.Zero : dueTime, period);
    }

    private static async Task FillAsync(IPage page, string number)
    {
        await page.GetByLabel("Card number").FillAsync(number);
        await page.GetByLabel("Expires (MM / YY)").FillAsync("12 / 34");
        await page.GetByLabel("Security code (CVC)").FillAsync("123");
        await page.GetByLabel("Name on card").FillAsync("Ada Lovelace");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save card" }).ClickAsync();
    }

    /// <summary>What the worker does when it is told.</summary>
    private async Task ApplyAsync()
    {
        await using var db = CreateDbContext();
        var job = new CardSetupJob(
            this,
            sandbox.Stripe,
            new CardAuthorization(sandbox.Stripe),
            new CardRetries(),
            new TrustLadder([], 0),
            TimeProvider.System,
            NullLogger<CardSetupJob>.Instance
        );
        foreach (var setup in await db.CardSetups.AsNoTracking().ToListAsync())
        {
            await job.ApplyAsync(setup.Id, CancellationToken.None);
        }
    }

    private static UsageSpan ASpan(
        Person person,
        string id,
        string name,
        string sku,
        decimal quantity,
        DateTimeOffset from,
        DateTimeOffset? to
    ) =>
        new()
        {
            AccountId = person.AccountId,
            ResourceId = id,
            ResourceName = name,
            Sku = sku,
            Quantity = quantity,
            From = from,
            To = to,
        };
}
