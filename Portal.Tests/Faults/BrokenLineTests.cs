using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Npgsql;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Faults;

/// <summary>
/// What a person sees whose line is bad: a proxy that swallows what pages live by, scripts that do not arrive, an outage in the middle of a
/// press.
/// </summary>
[Trait("Needs", "browser")]
public sealed class BrokenLineTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private const string Script = "Part of this page did not load";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly Line line = new();
    private IPage page = null!;

    protected override (string Key, string Value)[] Settings => [("Portal:Url", line.Address.GetLeftPart(UriPartial.Authority))];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        line.LeadTo(Server);
        page = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/keys", through: line.Address);
    }

    public override async ValueTask DisposeAsync()
    {
        await page.Context.DisposeAsync();
        await line.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Where_a_proxy_swallows_the_upgrade_to_a_WebSocket_pages_work_all_the_same()
    {
        line.Swallows = request => request.Contains("Upgrade: websocket", StringComparison.OrdinalIgnoreCase);
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key" }).ClickAsync();
        await Expect(page.GetByLabel("Public key")).ToBeVisibleAsync();
        await Expect(page.Locator("#start-notice")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Where_a_proxy_swallows_the_whole_connection_the_page_says_so()
    {
        line.Swallows = request => request.Contains(" /_blazor", StringComparison.Ordinal);
        await page.Clock.InstallAsync();
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => window.portal !== undefined");
        await Expect(page.Locator("#start-notice")).ToBeHiddenAsync();
        await page.Clock.FastForwardAsync(16_000);
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("something between you and Portal blocks the connection");
    }

    [Theory]
    [InlineData("/start.*js*")]
    [InlineData("/portal.*js*")]
    [InlineData("/_framework/blazor.web.*js*")]
    [InlineData("/_content/MudBlazor/MudBlazor.min.*js*")]
    public async Task A_script_that_does_not_load_says_so(string script)
    {
        await page.RouteAsync($"**{script}", route => route.AbortAsync());
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync(Script);
    }

    [Fact]
    public async Task A_module_that_a_page_asks_for_later_and_does_not_get_says_so()
    {
        await page.RouteAsync("**/ssh-key.*js*", route => route.AbortAsync());
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = Script })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task After_an_outage_a_person_hears_that_the_press_did_not_count()
    {
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key", Exact = true })).ToBeVisibleAsync();
        line.Cut();
        await PressAsync("Paste a public key");
        await ToldAsync("“Paste a public key” did not go through");
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await PressAsync("Paste a public key");
        await Expect(page.GetByLabel("Public key")).ToBeVisibleAsync();
        await Expect(page.Locator("#press-notice")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task After_an_outage_a_person_hears_that_the_press_counted_though_its_answer_was_lost()
    {
        await PasteAsync();
        line.IsMute = true;
        await PressAsync("Add the key");
        await Until.TrueAsync(async () =>
        {
            await using var db = CreateDbContext();
            return await db.KeyPairs.AnyAsync(Ct);
        });
        line.Cut();
        await ToldAsync("“Add the key” went through");
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "ada@example.com", Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>That it came is not that it is done: the row that it wants to write is held meanwhile.</summary>
    [Fact]
    public async Task After_an_outage_a_person_hears_that_the_press_is_still_worked_on_and_then_that_it_went_through()
    {
        await PasteAsync();
        await using var holder = await Source.OpenConnectionAsync(Ct);
        await using var transaction = await holder.BeginTransactionAsync(Ct);
        await using (var hold = new NpgsqlCommand("""LOCK TABLE "KeyPairs" IN SHARE ROW EXCLUSIVE MODE""", holder, transaction))
        {
            await hold.ExecuteNonQueryAsync(Ct);
        }

        line.IsMute = true;
        await PressAsync("Add the key");
        await using var administrator = NpgsqlDataSource.Create(AsAdministrator);
        await Until.TrueAsync(async () =>
        {
            await using var look = administrator.CreateCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            );
            return await look.ExecuteScalarAsync(Ct) is > 0L;
        });
        line.Cut();
        await ToldAsync("“Add the key” has arrived and is still being worked on");
        await transaction.RollbackAsync(Ct);
        await Expect(page.Locator("#press-notice")).ToContainTextAsync("“Add the key” went through");
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "ada@example.com", Exact = true })).ToBeVisibleAsync();
    }

    private async Task PasteAsync()
    {
        await PressAsync("Paste a public key");
        await page.GetByLabel("Public key").FillAsync(AnAccount.Ed25519);
        await page.GetByLabel("Public key").BlurAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveAttributeAsync("placeholder", "ada@example.com");
    }

    /// <summary>Whatever covers it meanwhile.</summary>
    private Task PressAsync(string name) =>
        page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).DispatchEventAsync("click");

    /// <summary>
    /// Within two seconds of the line's return, by the page's own clock, which is the machine's: who asks the page is later than it.
    /// </summary>
    private async Task ToldAsync(string sentence)
    {
        await page.WaitForFunctionAsync("() => document.getElementById('components-reconnect-modal')?.style.display === 'block'");
        await page.EvaluateAsync(
            """
            () => {
              const notice = document.getElementById('press-notice');
              new MutationObserver((_, observer) => {
                observer.disconnect();
                notice.dataset.toldAt = Date.now();
              }).observe(notice, { attributeFilter: ['hidden'], childList: true, subtree: true });
            }
            """
        );
        var back = TimeProvider.System.GetUtcNow();
        line.Mend();
        await Expect(page.Locator("#press-notice")).ToContainTextAsync(sentence);
        var told = DateTimeOffset.FromUnixTimeMilliseconds(
            await page.EvaluateAsync<long>("() => Number(document.getElementById('press-notice').dataset.toldAt)")
        );
        Assert.InRange((told - back).TotalMilliseconds, -1, 2000);
    }
}
