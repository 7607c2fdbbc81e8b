using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The console as a person types into it, in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed partial class ConsolePageTests(TestPostgres postgres, ABrowser browser) : InstancePageScene(postgres, browser)
{
    [Fact]
    public async Task The_text_console_shows_the_login_and_what_is_typed()
    {
        using var changes = new Changes(Source, NullLogger<Changes>.Instance);
        using var consoles = new Consoles(
            this,
            Engine,
            changes,
            new RegionName("local"),
            TimeProvider.System,
            NullLogger<Consoles>.Instance
        );
        await changes.StartAsync(Ct);
        await changes.Listening;
        await consoles.StartAsync(Ct);
        var id = await RunningMachines.AddAsync(this, Engine, Actor);
        var page = await Browser.SignInAsync(Server, Ada, $"/instances/{id}");
        var opened = new TaskCompletionSource<IWebSocket>(TaskCreationOptions.RunContinuationsAsynchronously);
        page.WebSocket += (_, socket) => _ = socket.Url.Contains("/console/", StringComparison.Ordinal) && opened.TrySetResult(socket);
        await page.GetByRole(AriaRole.Link, new() { Name = "Console" }).ClickAsync();
        await Expect(page.GetByText("Connected", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator(".xterm-rows")).ToContainTextAsync("amber-falcon login:");
        await page.Keyboard.TypeAsync("root");
        await Expect(page.Locator(".xterm-rows")).ToContainTextAsync("login: root");
        await ABrowser.AssertAccessibleAsync(page, "console");
        var console = await opened.Task;
        Assert.False(console.IsClosed);

        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.EvaluateAsync("() => navigator.clipboard.writeText(' and pasted')");
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste" }).ClickAsync();
        await Expect(page.Locator(".xterm-rows")).ToContainTextAsync("login: root and pasted");
        var screen = await page.Locator(".xterm-screen").BoundingBoxAsync() ?? throw new InvalidOperationException("There is no screen.");
        await page.Mouse.MoveAsync(screen.X + 1, screen.Y + 2);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(screen.X + screen.Width - 4, screen.Y + screen.Height - 4);
        await page.Mouse.UpAsync();
        await page.Keyboard.PressAsync("Control+Shift+C");
        await page.WaitForFunctionAsync(
            "async () => (await navigator.clipboard.readText()).includes('amber-falcon login: root and pasted')"
        );
        Assert.Equal(2, await page.EvaluateAsync<int>(CopiesByMeaning));

        // At a prompt of the guest's, which echoes what it gets.
        await NewPromptAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Fit shell to window" }).ClickAsync();
        await Expect(page.Locator(".xterm-rows")).ToContainTextAsync(SizeTold());
        var told = SizeTold().Match(await page.Locator(".xterm-rows").InnerTextAsync()).Value;
        await NewPromptAsync(page);
        await page.SetViewportSizeAsync(1000, 700);
        await page.WaitForFunctionAsync(
            "told => [...document.querySelector('.xterm-rows').innerText.matchAll(/stty rows \\d+ cols \\d+/g)].some(found => found[0] !== told)",
            told
        );
        await page.SetViewportSizeAsync(ABrowser.Desktop.Width, ABrowser.Desktop.Height);

        await page.GetByRole(AriaRole.Link, new() { Name = "Log" }).ClickAsync();
        await Expect(page.GetByText("The last 256 KiB of what it printed.")).ToBeVisibleAsync();
        await Until.TrueAsync(() => console.IsClosed);
        await ABrowser.AssertAccessibleAsync(page, "log");
        await page.GetByRole(AriaRole.Link, new() { Name = "Events" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Opened the console" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "events");
        await consoles.StopAsync(Ct);
        await changes.StopAsync(Ct);
    }

    /// <summary>
    /// On a Dvorak keyboard C lies where others have I; a Cyrillic one has it where C lies. What lies there and means something else copies
    /// nothing. How many did.
    /// </summary>
    private const string CopiesByMeaning = """
        () => {
          let copied = 0;
          navigator.clipboard.writeText = async () => { copied++; };
          const press = (key, code) => document.querySelector('.xterm-helper-textarea').dispatchEvent(new KeyboardEvent('keydown', { key, code, ctrlKey: true, shiftKey: true, bubbles: true, cancelable: true }));
          press('C', 'KeyI');
          press('С', 'KeyC');
          press('J', 'KeyC');
          delete navigator.clipboard.writeText;
          return copied;
        }
        """;

    private static async Task NewPromptAsync(IPage page)
    {
        await page.Locator(".xterm-helper-textarea").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Control+j");
        await page.Keyboard.TypeAsync("$ ");
        await page.WaitForFunctionAsync("() => /(^|\\n)\\$\\s*$/.test(document.querySelector('.xterm-rows').innerText.trimEnd())");
    }

    [GeneratedRegex("stty rows [0-9]+ cols [0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SizeTold();
}
