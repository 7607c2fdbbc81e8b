using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Compute;

/// <summary>The pages of instances and keys as a person sees them, in Chromium; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
public sealed partial class InstancePagesTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new();
    private PortalServer server = null!;
    private Person ada = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task An_instance_is_created_with_a_key_made_in_the_browser_and_its_steps_appear_as_they_happen()
    {
        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        var page = await browser.SignInAsync(server, ada);
        var sent = Sent(page);
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "Create your first instance" }).ClickAsync();
        await Expect(page.GetByText("$0.00 → $")).ToBeVisibleAsync();
        await ABrowser.InteractiveAsync(page);
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).DblClickAsync()
        );
        await page.WaitForURLAsync("**/instances/i-*");

        var key = await File.ReadAllTextAsync(await download.PathAsync(), Ct);
        Assert.StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n", key, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(Ct);
        Assert.Equal($"{instance.KeyName}.pem", download.SuggestedFilename);
        var pieces = key.Split('\n')
            .Where(line => !line.StartsWith('-'))
            .SelectMany(line => line.Chunk(32))
            .Select(piece => new string(piece))
            .Where(piece => piece.Length == 32)
            .ToList();
        Assert.Contains(instance.PublicKey!.Split(' ')[1], string.Concat(sent), StringComparison.Ordinal);
        Assert.All(pieces, piece => Assert.DoesNotContain(piece, string.Concat(sent), StringComparison.Ordinal));
        var audit = await db.AuditEntries.SingleAsync(entry => entry.ResourceId == instance.Id, Ct);
        Assert.True(audit.Person?.From is { } from && IPAddress.IsLoopback(from), $"It was asked for from {audit.Person?.From}.");
        var other = await browser.SignInAsync(server, ada, $"/instances/{instance.Id}");
        await Expect(page.GetByRole(AriaRole.Status).GetByText("pending")).ToBeVisibleAsync();
        instance.ObserveStep(InstanceStep.Address, TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await Expect(page.Locator(".steps li.done")).ToHaveCountAsync(2);
        instance.ObserveStep(InstanceStep.Disk, TimeProvider.System.GetUtcNow());
        instance.Observe(new MachineObservation(MachinePower.Running, 0, true, AnAccount.Ed25519, null), TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await Expect(page.Locator(".steps li.done")).ToHaveCountAsync(5);
        await Expect(other.Locator(".steps li.done")).ToHaveCountAsync(5);
        await Expect(page.GetByLabel("the ssh command", new() { Exact = true }))
            .ToContainTextAsync($"ssh -i ~/Downloads/{instance.KeyName}.pem -p {instance.PublicPort}");
        await ABrowser.AssertAccessibleAsync(page, "instance");
    }

    [Fact]
    public async Task The_create_page_takes_volumes_along_and_shows_what_they_add()
    {
        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        var page = await browser.SignInAsync(server, ada, "/instances/new");
        var before = await page.Locator(".summary .money").InnerTextAsync();
        await page.GetByText("Volumes none besides its root disk").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a volume" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add another" }).ClickAsync();
        var (first, second) = (
            page.GetByRole(AriaRole.Group, new() { Name = "Volume 1" }),
            page.GetByRole(AriaRole.Group, new() { Name = "Volume 2" })
        );
        await first.GetByLabel("Size, GiB").FillAsync("none");
        await Expect(first.GetByRole(AriaRole.Alert)).ToHaveTextAsync("A size is a whole number of GiB from 1 to 2,048.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create instance" })).ToHaveAttributeAsync("aria-disabled", "true");
        await first.GetByLabel("Size, GiB").FillAsync("20");
        await first.GetByLabel("Type").SelectOptionAsync("fast");
        await first.GetByLabel("Delete it when the instance is terminated").CheckAsync();
        await Expect(page.GetByText("Volumes 20 GiB, 8 GiB")).ToBeVisibleAsync();
        Assert.NotEqual(before, await page.Locator(".summary .money").InnerTextAsync());
        await ABrowser.AssertAccessibleAsync(page, "instance-new-volumes");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "instance-new-volumes");
        await second.GetByRole(AriaRole.Button, new() { Name = "Remove volume 2" }).ClickAsync();
        await Expect(page.GetByText("Volumes 20 GiB")).ToBeVisibleAsync();
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Create instance" }).ClickAsync());
        await page.WaitForURLAsync("**/instances/i-*");
        await using var db = CreateDbContext();
        var made = await db.Volumes.SingleAsync(volume => !volume.IsRoot, Ct);
        Assert.Equal((20, "fast", "sdb", true), (made.SizeGiB, made.TypeId, made.Device, made.DeleteOnTermination));
    }

    [Fact]
    public async Task A_size_without_room_for_it_is_greyed_and_says_so()
    {
        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        await using (var db = CreateDbContext())
        {
            var now = TimeProvider.System.GetUtcNow();
            await db.Regions.ExecuteUpdateAsync(
                set =>
                    set.SetProperty(region => region.SeenAt, now)
                        .SetProperty(region => region.FreeVcpus, 1)
                        .SetProperty(region => region.FreeMemoryMiB, 1024)
                        .SetProperty(region => region.FreeDiskGiB, 100),
                Ct
            );
        }

        var page = await browser.SignInAsync(server, ada, "/instances/new");
        var (small, large) = (page.Locator("label.choice.size").First, page.Locator("label.choice.size").Last);
        await Expect(small.GetByRole(AriaRole.Radio)).ToBeCheckedAsync();
        await Expect(large.GetByRole(AriaRole.Radio)).ToBeDisabledAsync();
        await Expect(large).ToContainTextAsync("There is no room for another");
    }

    [Fact]
    public async Task Without_a_card_the_create_page_says_so_and_leads_there()
    {
        var page = await browser.SignInAsync(server, ada, "/instances/new");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create instance" })).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Go to the card" }))
            .ToHaveAttributeAsync("href", "/billing/card?returnUrl=%2Finstances%2Fnew");
        await ABrowser.AssertAccessibleAsync(page, "instance-new");
    }

    [Fact]
    public async Task The_list_is_searched_filtered_and_sorted_in_its_address_and_many_are_terminated_at_once()
    {
        await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
        foreach (var (name, env) in new[] { ("web", "prod"), ("sql", "test"), ("cache", "test") })
        {
            var image = await RunningMachines.ReadyToCreateAsync(this, ada.AccountId);
            var wish = AnAccount.Wish(image, count: 3) with
            {
                Name = name,
                Tags = new Dictionary<string, string> { ["env"] = env },
            };
            Assert.Null((await new CreateInstance(this, TimeProvider.System).RunAsync(Ada, wish, Ct)).Reason);
        }

        var page = await browser.SignInAsync(server, ada, "/instances?tag=env%3Dtest&sort=name");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["cache-1", "cache-2", "cache-3", "sql-1", "sql-2", "sql-3"]);
        await ABrowser.AssertAccessibleAsync(page, "instances");

        // The search looks at ids too, which are hexadecimal: no such word can be in one.
        await page.GetByRole(AriaRole.Searchbox).FillAsync("sql");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["sql-1", "sql-2", "sql-3"]);
        Assert.Contains("q=sql", page.Url, StringComparison.Ordinal);

        await page.GetByLabel("Select all that match").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Terminate" }).ClickAsync();
        await page.GetByLabel("Type terminate 3 to confirm").FillAsync("terminate 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Terminate 3 instances" }).ClickAsync();
        await Expect(page.GetByText("3 terminating.")).ToBeVisibleAsync();
        await Expect(page.Locator("tbody .state.shutting-down")).ToHaveCountAsync(3);
    }

    [Fact]
    public async Task A_phone_shows_the_list_as_cards_and_nothing_scrolls_sideways()
    {
        await RunningMachines.AddAsync(this, null, Ada);
        var page = await browser.SignInAsync(server, ada, "/instances", ABrowser.Phone);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["amber-falcon"]);
        await ABrowser.AssertAccessibleAsync(page, "instances");
        await page.GetByRole(AriaRole.Link, new() { Name = "amber-falcon" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "amber-falcon" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "instance");
        await page.GotoAsync("/instances/new");
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "instance-new");
    }

    [Fact]
    public async Task The_text_console_shows_the_login_and_what_is_typed()
    {
        using var changes = new Changes(Source, NullLogger<Changes>.Instance);
        using var consoles = new Consoles(
            this,
            engine,
            changes,
            new RegionName("local"),
            TimeProvider.System,
            NullLogger<Consoles>.Instance
        );
        await changes.StartAsync(Ct);
        await changes.Listening;
        await consoles.StartAsync(Ct);
        var id = await RunningMachines.AddAsync(this, engine, Ada);
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}");
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

    /// <summary>Right after a press its reason appears under the pointer, and what is pressed next is often in the navigation.</summary>
    [Fact]
    public async Task What_a_saved_form_s_button_says_covers_no_navigation()
    {
        var id = await RunningMachines.AddAsync(this, null, Ada);
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}?tab=settings");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("blue-heron");
        await page.GetByRole(AriaRole.Form, new() { Name = "Name" }).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var why = page.GetByRole(AriaRole.Form, new() { Name = "Name" }).Locator(".why");
        await Expect(why).ToHaveTextAsync("It is saved.");
        await Expect(why).ToBeVisibleAsync();
        var (tip, sidebar) = (
            await why.BoundingBoxAsync() ?? throw new InvalidOperationException(),
            await page.Locator(".sidebar").BoundingBoxAsync() ?? throw new InvalidOperationException()
        );
        Assert.InRange(tip.X, sidebar.X + sidebar.Width, tip.X);
    }

    [Fact]
    public async Task Keys_are_made_pasted_and_deleted()
    {
        var page = await browser.SignInAsync(server, ada, "/keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key" }).ClickAsync();
        await page.GetByLabel("Public key").FillAsync(AnAccount.Ed25519);
        await page.GetByLabel("Name").FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the key" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "laptop", Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a pair" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("desk");
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Make and download" }).ClickAsync());
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "desk", Exact = true })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the key laptop" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "laptop", Exact = true })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_strangers_instance_is_not_found()
    {
        var id = await RunningMachines.AddAsync(this, null, Ada);
        using var stranger = await server.NewClientAsync(await server.AddPersonAsync());
        foreach (var tab in new[] { "", "?tab=console", "?tab=log", "?tab=events" })
        {
            using var answer = await stranger.GetAsync($"/instances/{id}{tab}");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private Actor Ada => new(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);

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

    /// <summary>All that the page sends from now on, as far as it is text.</summary>
    private static ConcurrentQueue<string> Sent(IPage page)
    {
        var sent = new ConcurrentQueue<string>();
        page.Request += (_, request) => sent.Enqueue(request.PostData ?? "");
        page.WebSocket += (_, socket) =>
            socket.FrameSent += (_, frame) => sent.Enqueue(frame.Text ?? Encoding.Latin1.GetString(frame.Binary ?? []));
        return sent;
    }
}
