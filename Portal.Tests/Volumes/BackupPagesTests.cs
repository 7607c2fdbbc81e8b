using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Volumes;

/// <summary>Backups as a person turns them on and off, in Chromium.</summary>
[Trait("Needs", "browser")]
public sealed class BackupPagesTests(TestPostgres postgres, ABrowser browser) : VolumePageScene(postgres, browser)
{
    [Fact]
    public async Task Backups_of_a_root_disk_are_turned_on_changed_and_turned_off_and_what_they_cost_at_most_is_said_before()
    {
        var instance = await RunningMachines.AddAsync(this, Engine, Actor);
        var page = await Browser.SignInAsync(Server, Ada, $"/instances/{instance}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Turn on backups of its disk" }).ClickAsync();
        await page.GetByLabel("Keep the newest").FillAsync("many");
        await Expect(page.GetByText("A whole number from 1 to 90.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Turn on backups" })).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByLabel("Keep the newest").FillAsync("7");

        // 7 of 4 GiB at $0.00006 an hour.
        await Expect(page.GetByText("7 of at most 4 GiB each cost at most $1.23 a month.")).ToBeVisibleAsync();
        await Expect(page.GetByText("→ at most $")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-backups-off");
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn on backups" }).DblClickAsync();
        await Expect(page.GetByText("daily at 03:00 UTC, the newest 7 are kept")).ToBeVisibleAsync();
        await page.GetByLabel("How often").SelectOptionAsync("weekly");
        await page.GetByLabel("On", new() { Exact = true }).SelectOptionAsync("Sunday");
        await page.GetByLabel("At (UTC)").SelectOptionAsync("22:00");
        await page.GetByLabel("Keep the newest").FillAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.GetByText("each Sunday at 22:00 UTC, the newest 4 are kept")).ToBeVisibleAsync();

        await RunSlotAsync();
        await Expect(page.GetByText("1 scheduled snapshot, 3 MiB together")).ToBeVisibleAsync();
        await Expect(page.Locator("tbody td.name")).ToContainTextAsync("(scheduled)");
        await ABrowser.AssertAccessibleAsync(page, "volume-backups");
        await page.GotoAsync($"/instances/{instance}");
        await Expect(page.GetByText("each Sunday at 22:00 UTC")).ToBeVisibleAsync();
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "instance-backups");
        await page.GetByRole(AriaRole.Link, new() { Name = "Change backups of its disk" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn off" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Turn off" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Turn on backups" })).ToBeVisibleAsync();
        await Expect(page.Locator("tbody td.name")).ToContainTextAsync("(scheduled)");
        await Expect(page.GetByText("Snapshots that you take yourself are never touched, nor is the one of an earlier schedule."))
            .ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn on backups" }).ClickAsync();
        await Expect(page.GetByText("1 snapshot of an earlier schedule, which this one leaves alone")).ToBeVisibleAsync();

        // Soon after a slot, and far from the next one.
        await using var db = CreateDbContext();
        await db.BackupSchedules.ExecuteUpdateAsync(
            schedule => schedule.SetProperty(row => row.Hour, TimeProvider.System.GetUtcNow().Hour),
            Ct
        );
        Engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
        await RunSlotAsync();
        await Expect(page.GetByText("The one that is due could not be taken at the first go; it is tried again at")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "volume-backups-again");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "volume-backups-again");
    }

    [Fact]
    public async Task A_backup_that_the_quota_prevents_is_told_on_the_page_on_the_dashboard_and_beforehand()
    {
        await RunningMachines.AddAsync(this, Engine, Actor);
        await using var db = CreateDbContext();
        var root = await db.Volumes.AsNoTracking().SingleAsync(Ct);
        Assert.Null((await new BackupSchedules(this, TimeProvider.System).SetAsync(Actor, root.Id, BackupWish.Default, Ct)).Reason);
        await new CreateSnapshot(this, TimeProvider.System).RunAsync(Actor, new NewSnapshot(root.Id, "my own", "own"), Ct);
        await db
            .Accounts.Where(account => account.Id == Actor.AccountId)
            .ExecuteUpdateAsync(account => account.SetProperty(row => row.SnapshotLimit, 1), Ct);
        await RunSlotAsync();
        var page = await Browser.SignInAsync(Server, Ada, "/dashboard", ABrowser.Phone);
        await page.GetByRole(AriaRole.Link, new() { Name = "amber-falcon root" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert).GetByText("The last backup is missing. Your quota is 1 snapshot and you have 1"))
            .ToBeVisibleAsync();
        await Expect(page.GetByText("without room for 8 of these no backup can be made")).ToBeVisibleAsync();
        await ABrowser.InteractiveAsync(page);
        await ABrowser.AssertAccessibleAsync(page, "volume-backups-missing");
    }

    /// <summary>Puts the one schedule's slot into the past, and does what the worker does then.</summary>
    private async Task RunSlotAsync()
    {
        await using var db = CreateDbContext();
        await db.BackupSchedules.ExecuteUpdateAsync(
            schedule => schedule.SetProperty(row => row.NextAt, TimeProvider.System.GetUtcNow().AddMinutes(-1)),
            Ct
        );
        var id = (await db.BackupSchedules.AsNoTracking().SingleAsync(Ct)).Id;
        await Worker.GetRequiredService<BackupSweep>().SweepAsync(Ct);
        await Worker.GetRequiredService<IBackupJob>().AdvanceAsync(id, Ct);
        foreach (
            var snapshot in await db
                .Snapshots.Where(snapshot => snapshot.ScheduleId != null)
                .Select(snapshot => snapshot.Id)
                .ToListAsync(Ct)
        )
        {
            await SettleSnapshotAsync(snapshot);
        }

        await Worker.GetRequiredService<IBackupJob>().AdvanceAsync(id, Ct);
    }
}
