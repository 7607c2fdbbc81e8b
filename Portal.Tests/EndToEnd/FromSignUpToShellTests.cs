using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>The main job, in a real browser, on a real machine: what the README promises.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "browser")]
public sealed class FromSignUpToShellTests(TestPostgres postgres, TestEngine engine, ABrowser browser) : TestDatabase(postgres)
{
    private const string Email = "ada@example.com";

    /// <summary>Boots are slow under emulation, and the machine may have other work.</summary>
    private static readonly float BootPatience = (float)TimeSpan.FromMinutes(3).TotalMilliseconds;

    private readonly Clicks clicks = new();

    [Fact]
    public async Task A_newcomer_has_a_shell_after_eight_clicks_at_most_and_sees_what_it_cost()
    {
        await using var portal = await WholePortal.StartAsync(ConnectionString, engine);
        var page = await browser.NewPageAsync(portal.Web);
        await AnImageIsReadyAsync();

        await SignUpAsync(page);
        await AddCardAsync(page);
        await ConfirmAsync(page, portal.Sandbox);
        var privateKey = await CreateAsync(page);
        var id = new Uri(page.Url).Segments[^1];
        await RunsAsync(page);
        Assert.True(clicks.Count <= 8, $"It took {clicks.Count} clicks.");

        await SshWorksAsync(page, privateKey);
        await ConsoleShowsALoginAsync(page);
        await StopAsync(page, id);
        await StartAgainAsync(page, id);
        await TerminateAsync(page, id);
        await TheBillTellsItAsync(page);
        var artifacts = Directory.CreateDirectory(Path.Combine(TestPostgres.Repository, "artifacts")).FullName;
        await File.WriteAllTextAsync(Path.Combine(artifacts, "from-sign-up-to-shell.md"), clicks.Table());
    }

    /// <summary>The catalogue shows the image once the worker has found its file.</summary>
    private Task AnImageIsReadyAsync() =>
        Until.TrueAsync(async () =>
        {
            await using var db = CreateDbContext();
            return await db.Images.AnyAsync(image => image.State == ImageState.Available)
                && await db.Regions.AnyAsync(region => region.FreeVcpus > 0);
        });

    private async Task SignUpAsync(IPage page)
    {
        await page.GotoAsync("/sign-up");
        await ABrowser.AssertAccessibleAsync(page, "sign-up");
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await clicks.OnButtonAsync(page, "Sign up");
        await page.WaitForURLAsync("**/billing/card**");
        clicks.Reached("signed up");
    }

    private async Task AddCardAsync(IPage page)
    {
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "card-first");
        await clicks.OnButtonAsync(page, "Add card — $0 now");
        await page.WaitForURLAsync("**/checkout/**");
        await page.GetByLabel("Card number").FillAsync("4242 4242 4242 4242");
        await page.GetByLabel("Expires").FillAsync("12 / 34");
        await page.GetByLabel("Security code").FillAsync("123");
        await page.GetByLabel("Name on card").FillAsync("Ada Lovelace");
        await clicks.OnButtonAsync(page, "Save card");
        await Assertions.Expect(page.GetByText("The card works.")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        clicks.Reached("card added");
        await clicks.OnLinkAsync(page, "Continue");
        await page.WaitForURLAsync("**/instances/new");
    }

    /// <summary>The link in the mail, in the same browser.</summary>
    private async Task ConfirmAsync(IPage page, SandboxServer sandbox)
    {
        await Until.TrueAsync(() => sandbox.Inbox.List(Email).Count > 0);

        // Opening the link is a click too, in the mail program.
        await clicks.OpenAsync(
            page,
            sandbox.Inbox.List(Email).Single().Links.First(link => link.Contains("confirm-email", StringComparison.Ordinal))
        );
        await clicks.OnButtonAsync(page, "Confirm address");
        await page.WaitForURLAsync("**/instances/new");
        clicks.Reached("address confirmed");
    }

    /// <returns>The file with the private key that the browser made.</returns>
    private async Task<string> CreateAsync(IPage page)
    {
        await ABrowser.InteractiveAsync(page);
        await Assertions.Expect(page.GetByText("This month's bill")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "create");
        var download = await page.RunAndWaitForDownloadAsync(() => clicks.OnButtonAsync(page, "Create instance"));
        var file = Path.GetTempFileName();
        await download.SaveAsAsync(file);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await page.WaitForURLAsync(url => new Uri(url).AbsolutePath.StartsWith("/instances/i-", StringComparison.Ordinal));
        clicks.Reached("instance asked for");
        return file;
    }

    private async Task RunsAsync(IPage page)
    {
        await Assertions
            .Expect(page.GetByRole(AriaRole.List, new() { Name = "Steps" }).Locator("li.done"))
            .ToHaveCountAsync(5, new() { Timeout = BootPatience });
        await Assertions.Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "running" })).ToBeVisibleAsync();
        clicks.Reached("running, ssh answers");
        await ABrowser.AssertAccessibleAsync(page, "instance");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.ScreenshotAsync(new() { Path = Path.Combine(TestPostgres.Repository, "docs", "pictures", "instance.png") });
    }

    private static async Task ConsoleShowsALoginAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Console", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Connected", new() { Exact = true })).ToBeVisibleAsync();
        var terminal = page.Locator(".xterm-rows");
        await page.Locator(".xterm-screen").ClickAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(terminal).ToContainTextAsync("login:", new() { Timeout = 30_000 });
        await ABrowser.PictureAsync(page, "console");
        await ScreenShowsSomethingAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "Overview", Exact = true }).ClickAsync();
    }

    /// <summary>What noVNC draws is not all of one colour.</summary>
    private static async Task ScreenShowsSomethingAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Screen", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".console-screen.graphical canvas")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync(
            """
            () => {
              const canvas = document.querySelector('.console-screen.graphical canvas');
              const points = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
              return points.some(point => point !== points[0]);
            }
            """
        );
        await Assertions.Expect(page.GetByText("Connected", new() { Exact = true })).ToBeVisibleAsync();
        await ABrowser.PictureAsync(page, "console-screen");
    }

    /// <summary>The very line that the page offers to copy, given the key that the browser saved.</summary>
    private static async Task SshWorksAsync(IPage page, string privateKey)
    {
        var line = await page.Locator(".ssh .copy-line").Filter(new() { HasText = "KnownHostsCommand" }).First.InnerTextAsync();
        line = Regex.Replace(line.Split('\n')[0], @"-i \S+", $"-i {privateKey}", RegexOptions.None, TimeSpan.FromSeconds(1));
        Assert.Equal(
            "Linux",
            await TestEngine.RunAsync(
                "bash",
                "-c",
                line.Trim().Replace("ssh ", "ssh -q -o BatchMode=yes -o ConnectTimeout=20 ", StringComparison.Ordinal) + " uname"
            )
        );
    }

    private async Task StopAsync(IPage page, string id)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await ConfirmDialogAsync(page, "Stop");
        await StateAsync(page, "stopped");
        await using var db = CreateDbContext();
        Assert.Empty(await db.UsageSpans.Where(span => span.ResourceId == id && span.To == null).ToListAsync());
        Assert.Equal(Skus.Disk, Assert.Single(await db.UsageSpans.Where(span => span.To == null).ToListAsync()).Sku);
    }

    private async Task StartAgainAsync(IPage page, string id)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await StateAsync(page, "running");
        await using var db = CreateDbContext();
        Assert.Equal(2, await db.UsageSpans.CountAsync(span => span.ResourceId == id && span.Sku == "instance.t1.nano"));
    }

    private async Task TerminateAsync(IPage page, string id)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Terminate", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox).FillAsync(await page.Locator("h1").First.InnerTextAsync());
        await ConfirmDialogAsync(page, "Terminate");
        await StateAsync(page, "terminated");
        await using var db = CreateDbContext();
        await Until.TrueAsync(async () => !await db.UsageSpans.AnyAsync(span => span.To == null));
        Assert.DoesNotContain(id, (await engine.Engine.ListAsync(default)).InstanceIds);
    }

    private async Task TheBillTellsItAsync(IPage page)
    {
        await page.GotoAsync("/billing");
        await ABrowser.InteractiveAsync(page);
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var rated = Rating.Rate(await db.UsageSpans.ToListAsync(), await db.Prices.ToListAsync(), month, month.AddMonths(1));
        await Assertions
            .Expect(page.Locator("[data-figure=so-far]"))
            .ToHaveTextAsync(string.Create(CultureInfo.InvariantCulture, $"${rated.Total:N2}"));
        await ABrowser.AssertAccessibleAsync(page, "billing");
    }

    private static async Task StateAsync(IPage page, string state) =>
        await Assertions
            .Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = state }))
            .ToBeVisibleAsync(new() { Timeout = BootPatience });

    private static async Task ConfirmDialogAsync(IPage page, string button)
    {
        var confirm = page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = button });
        await Assertions.Expect(confirm).ToBeEnabledAsync();
        await confirm.ClickAsync();
    }
}
