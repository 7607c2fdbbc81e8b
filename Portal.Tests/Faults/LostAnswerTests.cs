using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Faults;

/// <summary>
/// The web dies right after an instance was committed: nobody has been told of it, and another web takes its place at the same address.
/// </summary>
[Trait("Needs", "browser")]
public sealed class LostAnswerTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly Line line = new();
    private readonly DyingAtCommit death = new();
    private PortalServer first = null!;
    private IPage page = null!;

    private (string, string)[] Settings => [("Portal:Url", line.Address.GetLeftPart(UriPartial.Authority))];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        first = await PortalServer.StartAsync(ConnectionString, Dying, settings: Settings);
        line.LeadTo(first);
        var ada = await first.AddPersonAsync();
        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        page = await browser.SignInAsync(first, ada, "/instances/new", through: line.Address);
    }

    public override async ValueTask DisposeAsync()
    {
        await page.Context.DisposeAsync();
        await line.DisposeAsync();
        death.Awaken();
        await first.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task There_is_one_instance_its_owner_has_the_key_and_the_page_says_that_it_was_created()
    {
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("web-1");
        death.Threaten(DeathAt.Committed);
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync()
        );
        await death.Come;
        line.Cut();
        await using var second = await PortalServer.StartAsync(ConnectionString, settings: Settings);
        line.LeadTo(second);
        line.Mend();

        // The page finds by itself that its circuit is gone, and loads itself anew.
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "web-1 was created" })).ToBeVisibleAsync();
        await Expect(page.GetByText("The private key is in your downloads as web-1.pem.")).ToBeVisibleAsync();
        await Expect(page.Locator("#press-notice")).ToContainTextAsync("“Create instance” went through");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create instance" })).ToHaveCountAsync(0);
        Assert.StartsWith(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n",
            await File.ReadAllTextAsync(await download.PathAsync(), Ct),
            StringComparison.Ordinal
        );
        await ABrowser.PictureAsync(page, "press-notice", fullPage: false);
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance-created-before");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "instance-created-before");
        await page.GetByRole(AriaRole.Link, new() { Name = "View web-1" }).ClickAsync();
        await page.WaitForURLAsync("**/instances/i-*");
        await using (var db = CreateDbContext())
        {
            Assert.Equal("web-1", (await db.Instances.SingleAsync(Ct)).Name);
        }

        // The next one is another, and empty.
        await page.GotoAsync("/instances/new");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true })).Not.ToHaveValueAsync("web-1");
        await new ThreeTruths(this).AgreeAsync(ConnectionString);
        await page.Context.DisposeAsync();
    }

    [Fact]
    public async Task A_press_that_the_web_died_before_is_told_not_to_have_counted_and_the_next_one_makes_one()
    {
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("web-1");
        death.Threaten(DeathAt.Committing);
        var lost = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync()
        );
        await death.Come;
        line.Cut();
        await using var second = await PortalServer.StartAsync(ConnectionString, settings: Settings);
        line.LeadTo(second);
        line.Mend();
        await Expect(page.GetByText("That did not go through: the connection broke off before Portal had created anything."))
            .ToBeVisibleAsync();
        await Expect(page.Locator("#press-notice")).ToContainTextAsync("“Create instance” did not go through");
        death.Awaken();
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await ABrowser.PictureAsync(page, "instance-new-kept");
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync()
        );
        await page.WaitForURLAsync("**/instances/i-*");

        // The first file's key opens nothing: the command names the second one.
        Assert.Equal(("web-1.pem", "web-1-2.pem"), (lost.SuggestedFilename, download.SuggestedFilename));
        await using var db = CreateDbContext();
        Assert.Equal("web-1", (await db.Instances.SingleAsync(Ct)).Name);
        await page.Context.DisposeAsync();
    }

    [Fact]
    public async Task A_reload_keeps_what_was_written_until_the_page_is_left()
    {
        var name = page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true });
        await name.FillAsync("half-written");
        await page.Locator("summary", new() { HasText = "User data" }).ClickAsync();
        await page.GetByLabel("Script, #cloud-config or another cloud-init format").FillAsync("#!/bin/sh\necho hello");
        await Expect(page.GetByText("20 of 16,384 bytes")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => Object.values(sessionStorage).some(kept => kept.includes('hello'))");
        Assert.DoesNotContain(
            "PRIVATE",
            await page.EvaluateAsync<string>("() => JSON.stringify(sessionStorage) + JSON.stringify(localStorage)"),
            StringComparison.Ordinal
        );
        await page.ReloadAsync();
        await Expect(page.GetByText("Nothing has been created yet.")).ToBeVisibleAsync();
        await Expect(name).ToHaveValueAsync("half-written");
        await Expect(page.GetByLabel("Script, #cloud-config or another cloud-init format")).ToHaveValueAsync("#!/bin/sh\necho hello");

        await page.GetByRole(AriaRole.Link, new() { Name = "SSH keys" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "SSH keys" })).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => !Object.values(sessionStorage).some(kept => kept.includes('hello'))");
    }

    private void Dying(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<IDbContextFactory<PortalDb>>(services => new WithInterceptor(
            services.GetRequiredService<DbContextOptions<PortalDb>>(),
            death
        ));

    private sealed class WithInterceptor(DbContextOptions<PortalDb> options, IInterceptor interceptor) : IDbContextFactory<PortalDb>
    {
        private readonly DbContextOptions<PortalDb> options = new DbContextOptionsBuilder<PortalDb>(options)
            .AddInterceptors(interceptor)
            .Options;

        public PortalDb CreateDbContext() => new(options);
    }

    private enum DeathAt
    {
        Never,
        Committing,
        Committed,
    }

    /// <summary>
    /// From the next instance's commit on nothing goes on. Of a process that is dead the database rolls back what was not committed.
    /// </summary>
    private sealed class DyingAtCommit : DbTransactionInterceptor
    {
        private readonly TaskCompletionSource come = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile DeathAt at;

        public Task Come => come.Task;

        public void Threaten(DeathAt when) => at = when;

        public void Awaken() => over.TrySetResult();

        public override async ValueTask<InterceptionResult> TransactionCommittingAsync(
            DbTransaction transaction,
            TransactionEventData eventData,
            InterceptionResult result,
            CancellationToken cancellationToken = default
        )
        {
            await DieAsync(DeathAt.Committing, eventData);
            return result;
        }

        public override Task TransactionCommittedAsync(
            DbTransaction transaction,
            TransactionEndEventData eventData,
            CancellationToken cancellationToken = default
        ) => DieAsync(DeathAt.Committed, eventData);

        private async Task DieAsync(DeathAt here, DbContextEventData eventData)
        {
            if (at == here && eventData.Context!.ChangeTracker.Entries<Instance>().Any())
            {
                come.TrySetResult();
                await over.Task;
                throw new IOException("Killed.");
            }
        }
    }
}
