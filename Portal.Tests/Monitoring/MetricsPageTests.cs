using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Monitoring;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Monitoring;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Monitoring;

/// <summary>An instance's metrics and alerts as a person sees them, in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class MetricsPageTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private PortalServer server = null!;
    private Person ada = null!;
    private string id = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
        id = await RunningMachines.AddAsync(this, null, new Actor(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback));
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Charts_show_what_was_measured_over_any_range_and_what_comes_in_by_itself()
    {
        await HistoryAsync();
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Metrics", Exact = true }).ClickAsync();
        var cpu = page.GetByRole(AriaRole.Img, new() { Name = "CPU: between" });
        await Expect(cpu).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "metrics");

        await WriteAsync(Now.AddMinutes(-1), 87);
        await Expect(page.Locator(".chart").First).ToContainTextAsync("87 %");
        await cpu.HoverAsync();
        await Expect(page.Locator(".chart-tip")).ToContainTextAsync(" %");
        await page.GetByText("Numbers").First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Numbers of CPU" })).ToContainTextAsync("87 %");

        foreach (var range in MetricRange.All.Skip(1))
        {
            await page.GetByRole(AriaRole.Link, new() { Name = range.Label, Exact = true }).ClickAsync();
            await page.WaitForURLAsync($"**/instances/{id}?tab=metrics&range={range.Id}");
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = range.Label, Exact = true }))
                .ToHaveAttributeAsync("aria-current", "true");
            await Expect(cpu).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task An_alert_is_made_changed_and_deleted_on_the_page_and_shows_when_it_fires()
    {
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}?tab=metrics");
        await Expect(page.GetByText("No data for this period").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New alert" }).ClickAsync();
        await page.GetByLabel("Threshold, percent").FillAsync("120");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create alert" }).ClickAsync();
        await Expect(page.GetByText("A percentage is at most 100.")).ToBeVisibleAsync();
        await page.GetByLabel("Threshold, percent").FillAsync("75");
        await ABrowser.AssertAccessibleAsync(page, "alert-new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create alert" }).ClickAsync();
        await Expect(page.GetByText("CPU above 75 % for 5 minutes")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Change the alert: CPU above 75 % for 5 minutes" }).ClickAsync();
        await page.GetByLabel("Duration (minutes)").FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save alert" }).ClickAsync();
        await Expect(page.GetByText("CPU above 75 % for a minute")).ToBeVisibleAsync();
        await using (var db = CreateDbContext())
        {
            (await db.AlertRules.SingleAsync(Ct)).Observe(1, 1, Now);
            await db.SaveChangesAsync(Ct);
        }

        await Expect(page.Locator(".state.firing")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "alert-firing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the alert: CPU above 75 % for a minute" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByText("CPU above 75 % for a minute")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_volume_has_charts_and_alerts_of_its_own()
    {
        await using var db = CreateDbContext();
        var volume = (await db.Volumes.SingleAsync(Ct)).Id;
        foreach (var n in Enumerable.Range(1, 30))
        {
            await MetricHistory.WriteAsync(
                db,
                [(ada.AccountId, volume, new Usage(null, null, 40_000 * n, 90_000 * n, n, 2 * n, null, null))],
                MetricResolution.Minute.StartOf(Now).AddMinutes(-n),
                Ct
            );
        }

        var page = await browser.SignInAsync(server, ada, $"/volumes/{volume}?tab=metrics");
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "Read: between" })).ToBeVisibleAsync();
        await Expect(page.Locator(".chart")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "New alert" }).ClickAsync();
        await page.GetByLabel("Threshold, MB per second").FillAsync("50");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create alert" }).ClickAsync();
        await Expect(page.GetByText("Disk read above 50 MB/s for 5 minutes")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-metrics");
    }

    [Fact]
    public async Task A_phone_shows_the_charts_one_below_the_other()
    {
        await HistoryAsync();
        var page = await browser.SignInAsync(server, ada, $"/instances/{id}?tab=metrics&range=24h", ABrowser.Phone);
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "CPU: between" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "metrics");
    }

    [Fact]
    public async Task Another_s_samples_are_never_shown()
    {
        await HistoryAsync();
        await using var db = CreateDbContext();
        var stranger = await server.AddPersonAsync();
        Assert.NotEmpty(await MetricRange.All[0].LoadAsync(db, ada.AccountId, id, Now, Ct));
        Assert.Empty(await MetricRange.All[0].LoadAsync(db, stranger.AccountId, id, Now, Ct));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A year of days and nights, with a gap in every range.</summary>
    private async Task HistoryAsync()
    {
        await using var db = CreateDbContext();
        var now = Now;
        foreach (var resolution in MetricResolution.All)
        {
            var count = (int)(resolution.Kept / resolution.Length) - 1;
            var start = resolution.StartOf(now) - (count * resolution.Length);
            db.MetricSamples.AddRange(
                Enumerable
                    .Range(0, count)
                    .Where(n => n < count - 24 || n > count - 12)
                    .Select(n => Sample(resolution, start + (n * resolution.Length), n))
            );
            await db.SaveChangesAsync(Ct);
            db.ChangeTracker.Clear();
        }
    }

    private MetricSample Sample(MetricResolution resolution, DateTimeOffset at, int n)
    {
        var day = (float)Math.Sin(at.TimeOfDay.TotalHours * Math.PI / 12);
        var noise = (float)(Math.Sin(n * 1.7) + Math.Sin(n * 0.31));
        return new MetricSample
        {
            AccountId = ada.AccountId,
            ResourceId = id,
            Resolution = resolution.Minutes,
            At = at,
            Cpu = Math.Clamp(30 - (18 * day) + (6 * noise), 0, 100),
            Memory = 44 - (4 * day) + noise,
            DiskRead = Math.Max(0, 200_000 * noise),
            DiskWrite = 900_000 - (300_000 * day) + (90_000 * noise),
            DiskReads = Math.Max(0, 12 * noise),
            DiskWrites = 40 - (10 * day) + (5 * noise),
            NetworkIn = 2_400_000 - (1_500_000 * day) + (200_000 * noise),
            NetworkOut = 6_100_000 - (3_500_000 * day) + (500_000 * noise),
        };
    }

    private async Task WriteAsync(DateTimeOffset at, float cpu)
    {
        await using var db = CreateDbContext();
        await MetricHistory.WriteAsync(
            db,
            [(ada.AccountId, id, new Usage(cpu, 40, 0, 0, 0, 0, 0, 0))],
            MetricResolution.Minute.StartOf(at).AddMinutes(1),
            Ct
        );
    }
}
