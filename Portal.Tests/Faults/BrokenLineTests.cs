using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Faults;

/// <summary>What a person sees whose line is bad: a proxy that swallows what pages live by, scripts that do not arrive, an outage in the middle of a press.</summary>
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
        await PressAsync("Paste a public key");
        await page.GetByLabel("Public key").FillAsync(AnAccount.Ed25519);
        await page.GetByLabel("Public key").BlurAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveAttributeAsync("placeholder", "ada@example.com");
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

    /// <summary>Whatever covers it meanwhile.</summary>
    private Task PressAsync(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).DispatchEventAsync("click");

    /// <summary>Within two seconds of the line's return; twice that, since the machine has other tests.</summary>
    private async Task ToldAsync(string sentence)
    {
        await page.WaitForFunctionAsync("() => document.getElementById('components-reconnect-modal')?.style.display === 'block'");
        line.Mend();
        var watch = Stopwatch.StartNew();
        await Expect(page.Locator("#press-notice")).ToContainTextAsync(sentence);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
    }
}
