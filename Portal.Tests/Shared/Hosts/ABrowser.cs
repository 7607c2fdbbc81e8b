using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using Newtonsoft.Json;
using Portal.Tests.Shared;

[assembly: AssemblyFixture(typeof(ABrowser))]

namespace Portal.Tests.Shared;

/// <summary>The system's Chromium without a window, started at the first use. Each page is a visitor with cookies of its own.</summary>
public sealed class ABrowser : IAsyncLifetime
{
    /// <summary>Where pictures of pages are put, if they are asked for: four hundred of them cost more than a minute.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("PICTURES") is "1"
        ? Path.Combine(TestPostgres.Repository, "artifacts", "screenshots")
        : null;

    public static readonly ViewportSize Desktop = new() { Width = 1440, Height = 900 };
    public static readonly ViewportSize Phone = new() { Width = 390, Height = 844 };

    /// <summary>Debian's builds of the one browser; the first has no window to draw and needs half the time.</summary>
    private static readonly string[] Programs = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>Of what passes nothing is asked for: to describe each such node costs more than to look at it.</summary>
    private static readonly AxeRunOptions EveryRule = new() { ResultTypes = [ResultType.Violations] };

    /// <summary>The dark page differs in its colours only.</summary>
    private static readonly AxeRunOptions RulesOfColour = new()
    {
        ResultTypes = [ResultType.Violations],
        RunOnly = new RunOnlyOptions { Type = "rule", Values = ["color-contrast", "link-in-text-block"] },
    };

    /// <summary>
    /// Milliseconds after which a page that does not come to look as expected has failed: many times what it takes on a machine with other
    /// work.
    /// </summary>
    private const float Patience = 60_000;

    /// <summary>
    /// The same for what a page shows of others' work: a worker's, an engine's, a store's that is restarted. Playwright has one for the
    /// whole process.
    /// </summary>
    private const float PatienceWithOthers = 4 * Patience;

    /// <summary>What the policy of a page's own answer kept it from doing.</summary>
    private static readonly ConditionalWeakTable<IPage, ConcurrentBag<string>> Refused = [];

    private readonly SemaphoreSlim gate = new(1, 1);
    private IPlaywright? playwright;
    private IBrowser? chromium;

    public async Task<IPage> NewPageAsync(PortalServer server, ViewportSize? size = null, bool dark = false)
    {
        var page = await NewPageAsync(server.Address, size, dark);
        server.Admit(page.Context);
        return page;
    }

    public async Task<IPage> NewPageAsync(Uri address, ViewportSize? size = null, bool dark = false)
    {
        await StartAsync();
        var context = await chromium!.NewContextAsync(
            new BrowserNewContextOptions
            {
                BaseURL = address.ToString(),
                ViewportSize = size ?? Desktop,
                ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
                ReducedMotion = ReducedMotion.Reduce,

                // Tests' certificates are nobody's.
                IgnoreHTTPSErrors = address.Scheme == Uri.UriSchemeHttps,
            }
        );
        context.SetDefaultTimeout(Patience);
        var page = await context.NewPageAsync();
        var refused = new ConcurrentBag<string>();
        Refused.Add(page, refused);
        page.Console += (_, said) =>
        {
            if (said.Type is "error" && said.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                refused.Add(said.Text);
            }
        };
        return page;
    }

    /// <summary>
    /// A visitor who has signed in as <paramref name="person"/>, on the page at <paramref name="path"/>. The signing in itself is done
    /// without the browser, which would draw two pages more for each visitor; <c>DoorPagesTests</c> does it as people do.
    /// </summary>
    /// <param name="through">
    /// Another way there, whose test ends the visit itself, and by which the browser signs in too; null for the server's own address.
    /// </param>
    public async Task<IPage> SignInAsync(
        PortalServer server,
        Person person,
        string path = "/instances",
        ViewportSize? size = null,
        bool dark = false,
        Uri? through = null
    )
    {
        var page = through is null ? await NewPageAsync(server, size, dark) : await NewPageAsync(through, size, dark);
        if (through is null)
        {
            await AddCookiesAsync(page.Context, server, person);
            await page.GotoAsync(path);
        }
        else
        {
            await SignInByFormAsync(page, server, person, path);
        }

        await InteractiveAsync(page);
        return page;
    }

    private static async Task AddCookiesAsync(IBrowserContext context, PortalServer server, Person person)
    {
        using var client = await server.NewClientAsync(person);

        // For a secure place: browsers take localhost for one, whatever the port and the scheme.
        var secure = new UriBuilder(server.Address) { Scheme = Uri.UriSchemeHttps }.ToString();
        await context.AddCookiesAsync(
            client
                .Cookies.GetAllCookies()
                .Select(cookie => new Cookie
                {
                    Name = cookie.Name,
                    Value = cookie.Value,
                    Url = secure,
                    Secure = true,
                    HttpOnly = cookie.HttpOnly,
                    SameSite = SameSiteAttribute.Lax,
                })
        );
    }

    private static async Task SignInByFormAsync(IPage page, PortalServer server, Person person, string path)
    {
        await page.GotoAsync($"/sign-in?returnUrl={Uri.EscapeDataString(path)}");
        await page.GetByLabel("E-mail").FillAsync(person.Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        if (person.FactorKey is not null)
        {
            await page.GetByLabel("Code").FillAsync(await server.CodeOfAsync(person));
            await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        }

        await page.WaitForURLAsync(url => new Uri(url).PathAndQuery == path);
    }

    /// <summary>
    /// Waits until the page's circuit runs, if it is one that gets one: what was rendered before is replaced then, and a click that falls
    /// between the two is lost.
    /// </summary>
    public static Task InteractiveAsync(IPage page) =>
        page.WaitForFunctionAsync("() => !document.documentElement.hasAttribute('data-connecting')");

    /// <summary>Takes <c>artifacts/screenshots/{name}.png</c> in a run with <c>bin/test --pictures</c>.</summary>
    public static Task PictureAsync(IPage page, string name, bool fullPage = true) =>
        Pictures is null
            ? Task.CompletedTask
            : page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{name}.png"), FullPage = fullPage });

    /// <summary>
    /// axe finds nothing on the page as it stands, light and dark, nor does the page scroll sideways, nor did its own policy refuse it
    /// anything. With a <paramref name="picture"/>'s name both are kept as <c>{picture}-{width}-{light|dark}.png</c>.
    /// </summary>
    public static async Task AssertAccessibleAsync(IPage page, string? picture = null)
    {
        Assert.Empty(Refused.TryGetValue(page, out var refused) ? refused : []);
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            // Colours do not depend on the width: a phone's layout is looked at in one of them.
            var isLookedAt = scheme is ColorScheme.Light || page.ViewportSize!.Width > Phone.Width;
            if (!isLookedAt && Pictures is null)
            {
                continue;
            }

            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
            // The sandbox's pages have no script. Another page that is only coming has no title yet.
            await page.WaitForFunctionAsync(
                "dark => document.title !== '' && (document.scripts.length === 0 || window.portal?.isDark() === dark)",
                scheme is ColorScheme.Dark
            );
            if (picture is not null)
            {
                await PictureAsync(page, $"{picture}-{page.ViewportSize!.Width}-{(scheme is ColorScheme.Dark ? "dark" : "light")}");
            }

            if (!isLookedAt)
            {
                continue;
            }

            var found = await ViolationsAsync(page, scheme is ColorScheme.Light ? EveryRule : RulesOfColour);
            Assert.True(found.Length == 0, $"{page.Url}, {scheme}:\n{string.Join('\n', found.Select(Describe))}");
        }

        await PagesLookedAt.AddAsync(page);
        Assert.True(
            await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"),
            $"{page.Url} scrolls sideways at {page.ViewportSize!.Width} px."
        );
    }

    public ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(PatienceWithOthers);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (chromium is not null)
        {
            await chromium.DisposeAsync();
        }

        playwright?.Dispose();
        gate.Dispose();
        var missing = PagesLookedAt.Missing();
        Assert.True(
            missing.Count == 0,
            $"No test that passed had axe look at {string.Join(", ", missing)}: call {nameof(AssertAccessibleAsync)} there."
        );
    }

    private async Task StartAsync()
    {
        await gate.WaitAsync();
        try
        {
            playwright ??= await Playwright.CreateAsync();
            chromium ??= await playwright.Chromium.LaunchAsync(
                new BrowserTypeLaunchOptions
                {
                    ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? Array.Find(Programs, File.Exists),
                    // As root its sandbox does not start; nothing but our own pages is opened.
                    Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
                }
            );
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>
    /// What the package's own <c>RunAxe</c> finds, without the blank page that it opens for each look to put together what frames say.
    /// </summary>
    private static async Task<AxeResultItem[]> ViolationsAsync(IPage page, AxeRunOptions options)
    {
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window"))
        {
            await page.EvaluateAsync(Axe);
        }

        return JsonConvert.DeserializeObject<AxeResultItem[]>(
            await page.EvaluateAsync<string>(
                "async options => JSON.stringify((await axe.run(document, JSON.parse(options))).violations)",
                JsonConvert.SerializeObject(options)
            )
        )!;
    }

    private static string Describe(AxeResultItem item) =>
        $"  {item.Id}: {item.Help}\n{string.Join('\n', item.Nodes.Select(node => $"    {node.Target} {node.Html}\n      {string.Join("; ", node.Any.Select(check => check.Message))}"))}";
}
