using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Npgsql;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Releases;

/// <summary>
/// <c>Portal.Tests upgrade FOLDER</c>, what <c>bin/test --upgrade</c> runs: FOLDER is a checkout of the release before, built. Its programs
/// make a database and go on with it while this version migrates it; then each web runs beside the other version's worker. The workers have
/// engines in memory, each its own.
/// </summary>
internal sealed class Upgrade(string before) : IAsyncDisposable
{
    private const string Email = "ada@example.com";

    /// <summary>Of the workers' engines. A card is checked within seconds, a machine in memory boots at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TestPostgres postgres = new();
    private readonly ABrowser browser = new();
    private readonly int port = TestPostgres.FreePort();
    private readonly List<string> made = [];
    private string database = "";
    private SandboxServer? sandbox;
    private Process? web;
    private Process? oldWorker;
    private WorkerServer? newWorker;

    private Uri Address => new($"http://localhost:{port}/");

    private static string Now => TestPostgres.Repository;

    public static async Task<int> RunAsync(string before)
    {
        TestLog.Begin();
        await using var upgrade = new Upgrade(before);
        var passed = 0;
        foreach (var (step, run) in upgrade.Steps())
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await run();
                passed++;
                Console.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(began).TotalSeconds, 6:0.0} s  {step}")
                );
            }
            catch (Exception error) // whatever it is, each step needs the one before
            {
                Console.WriteLine($"  failed  {step}\n{error}");
                Console.WriteLine($"{passed} passed, 1 failed");
                return 1;
            }
        }

        Console.WriteLine($"{passed} passed, 0 failed");
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        await EndWebAsync();
        await EndOldWorkerAsync();
        await EndNewWorkerAsync();
        await browser.DisposeAsync();
        if (sandbox is not null)
        {
            await sandbox.DisposeAsync();
        }

        await postgres.DisposeAsync();
    }

    private IEnumerable<(string Step, Func<Task> Run)> Steps() =>
        [
            ("the release before makes its database", BeginAsync),
            ("old web, old worker: a customer signs up and adds a card", SignUpAsync),
            ("old web, old worker: creates an instance and reads the bill", () => UseAsync("before")),
            ("the database is migrated while both go on", MigrateAsync),
            ("old web, old worker, new schema: signs in, creates an instance, reads the bill", () => UseAsync("migrated")),
            ("the new worker takes the old one's place", ToNewWorkerAsync),
            ("old web, new worker: signs in, creates an instance, reads the bill", () => UseAsync("old-web")),
            ("the new web takes the old one's place", ToNewWebAsync),
            ("new web, new worker: signs in, creates an instance, reads the bill", () => UseAsync("new")),
            ("the old worker comes back", ToOldWorkerAsync),
            ("new web, old worker: signs in, creates an instance, reads the bill", () => UseAsync("new-web")),
        ];

    private async Task BeginAsync()
    {
        sandbox = await SandboxServer.StartAsync(webhookUrl: $"{Address}webhooks/stripe");
        database = await postgres.CreateEmptyDatabaseAsync();
        await MigrateAsync(before);
        await StartWebAsync(before);
        await ToOldWorkerAsync();

        // That an image's file is there is an engine's to say that has files.
        await Until.TrueAsync(
            async () =>
            {
                await SqlAsync("""UPDATE "Images" SET "State" = 'Available' WHERE "FileName" = 'tiny.qcow2'""");
                return await SqlAsync("""SELECT count(*)::text FROM "Regions" WHERE "FreeVcpus" > 0""") is "1";
            },
            Patience
        );
    }

    private async Task SignUpAsync()
    {
        var page = await browser.NewPageAsync(Address);
        await page.GotoAsync("/sign-up");
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await ButtonAsync(page, "Sign up");
        await page.WaitForURLAsync("**/billing/card**");
        await ABrowser.InteractiveAsync(page);
        await ButtonAsync(page, "Add card — $0 now");
        await page.WaitForURLAsync("**/checkout/**");
        await page.GetByLabel("Card number").FillAsync("4242 4242 4242 4242");
        await page.GetByLabel("Expires").FillAsync("12 / 34");
        await page.GetByLabel("Security code").FillAsync("123");
        await page.GetByLabel("Name on card").FillAsync("Ada Lovelace");
        await ButtonAsync(page, "Save card");
        await Assertions.Expect(page.GetByText("The card works.")).ToBeVisibleAsync(Patiently);
        string? link = null;
        await Until.TrueAsync(
            () =>
                (
                    link = sandbox!
                        .Inbox.List(Email)
                        .SelectMany(mail => mail.Links)
                        .FirstOrDefault(found => found.Contains("confirm-email", StringComparison.Ordinal))
                )
                    is not null,
            Patience
        );
        await page.GotoAsync(new Uri(link!).PathAndQuery);
        await ButtonAsync(page, "Confirm address");
        await page.WaitForURLAsync("**/instances/new");
        await page.Context.CloseAsync();
    }

    /// <summary>All that was made before is there, another instance runs, and both are on the bill.</summary>
    private async Task UseAsync(string name)
    {
        var page = await browser.NewPageAsync(Address);
        await page.GotoAsync("/sign-in?returnUrl=%2Finstances%2Fnew");
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(PortalServer.Password);
        await ButtonAsync(page, "Sign in");
        await page.WaitForURLAsync("**/instances/new");
        await ABrowser.InteractiveAsync(page);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await Assertions.Expect(page.GetByText("This month's bill")).ToBeVisibleAsync(Patiently);
        await ButtonAsync(page, "Create instance");
        await page.WaitForURLAsync(url => new Uri(url).AbsolutePath.StartsWith("/instances/i-", StringComparison.Ordinal));
        await Assertions.Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "running" })).ToBeVisibleAsync(Patiently);
        made.Add(name);
        await page.GotoAsync("/instances");
        await ShowsAllAsync(page);
        await page.GotoAsync("/billing");
        await Assertions.Expect(page.Locator("[data-figure=so-far]")).ToContainTextAsync("$");
        await ShowsAllAsync(page);
        await page.Context.CloseAsync();
    }

    private async Task ShowsAllAsync(IPage page)
    {
        foreach (var name in made)
        {
            await Assertions.Expect(page.Locator("main").GetByText(name, new() { Exact = true }).First).ToBeVisibleAsync(Patiently);
        }
    }

    private static LocatorAssertionsToBeVisibleOptions Patiently => new() { Timeout = (float)Patience.TotalMilliseconds };

    private static Task ButtonAsync(IPage page, string name) =>
        page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    private Task MigrateAsync() => MigrateAsync(Now);

    private async Task MigrateAsync(string folder)
    {
        using var migrate = Start("dotnet", [Program(folder), "migrate"], folder, "owner");
        await migrate.WaitForExitAsync();
        Assert.Equal(0, migrate.ExitCode);
    }

    private async Task ToNewWebAsync()
    {
        await EndWebAsync();
        await StartWebAsync(Now);
    }

    private async Task StartWebAsync(string folder)
    {
        web = Start("dotnet", [Program(folder), "--urls", $"http://127.0.0.1:{port}"], folder, "web");
        using var http = new HttpClient { BaseAddress = Address };
        await Until.TrueAsync(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException) when (!web.HasExited)
                {
                    return false;
                }
            },
            Patience
        );
    }

    private async Task ToNewWorkerAsync()
    {
        await EndOldWorkerAsync();
        // It brings its own for the database and the key ring.
        newWorker = await WorkerServer.StartAsync(
            database,
            new InMemoryEngine(),
            [
                .. Settings("worker")
                    .Select(setting => (setting.Key.Replace("__", ":", StringComparison.Ordinal), setting.Value))
                    .Where(setting => setting.Item1 is not ("ConnectionStrings:Portal" or "KeyRing:File")),
            ]
        );
    }

    /// <summary>Its tests' program is its worker on an engine in memory.</summary>
    private async Task ToOldWorkerAsync()
    {
        await EndNewWorkerAsync();
        oldWorker = Start(
            Path.Combine(before, "Portal.Tests", "bin", "Debug", "net10.0", "Portal.Tests"),
            ["worker", "--whole", "true", "--urls", "http://127.0.0.1:0"],
            before,
            "worker"
        );
        while (await oldWorker.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line is "started")
            {
                _ = oldWorker.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        throw new InvalidOperationException("The old worker did not start.");
    }

    private async Task EndNewWorkerAsync()
    {
        if (newWorker is not null)
        {
            await newWorker.DisposeAsync();
            newWorker = null;
        }
    }

    private async Task EndWebAsync()
    {
        await EndAsync(web);
        web = null;
    }

    private async Task EndOldWorkerAsync()
    {
        await EndAsync(oldWorker);
        oldWorker = null;
    }

    private static async Task EndAsync(Process? process)
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static string Program(string folder) => Path.Combine(folder, "Portal", "bin", "Debug", "net10.0", "Portal.dll");

    private Process Start(string program, string[] arguments, string folder, string role)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.Combine(folder, "Portal"),
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var (key, value) in Settings(role))
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!;
        if (role is not "worker")
        {
            process.OutputDataReceived += (_, _) => { }; // its log: a full pipe would hold it up
            process.BeginOutputReadLine();
        }

        return process;
    }

    private Dictionary<string, string> Settings(string role) =>
        new(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Portal"] = TestPostgres.As(role, database),
            ["KeyRing__File"] = TestPostgres.KeyRingFile,
            ["Portal__Url"] = Address.ToString().TrimEnd('/'),
            ["Sandbox__Url"] = sandbox!.Url,
            ["Smtp__Host"] = "127.0.0.1",
            ["Smtp__Port"] = sandbox.SmtpPort.ToString(CultureInfo.InvariantCulture),
            ["Trust__FirstStep"] = "1",
        };

    private async Task<string?> SqlAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}
