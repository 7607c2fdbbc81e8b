using Microsoft.EntityFrameworkCore;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>
/// Backups are turned on, changed and off by their owner; what stops them is told to the owner and the operators, and never deletes
/// anything.
/// </summary>
[Trait("Needs", "database")]
public sealed class BackupScheduleTests(TestPostgres postgres) : BackupScene(postgres)
{
    [Fact]
    public async Task Twenty_clicks_at_once_make_one_schedule_and_each_change_has_an_audit_row()
    {
        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => Task.Run(() => Schedules.SetAsync(Ada, VolumeId, Nightly, Ct)))
        );
        Assert.All(outcomes, outcome => Assert.Null(outcome.Reason));
        var first = await ScheduleAsync();
        Assert.Equal(
            ("daily at 03:00 UTC, the newest 2 are kept", AnAccount.Now.Date.AddDays(1).AddHours(3)),
            (first.Sentence, first.NextAt.UtcDateTime)
        );
        var weekly = new BackupWish(new BackupTimes(BackupFrequency.Weekly, DayOfWeek.Friday, 22), 5);
        Assert.Null((await Schedules.SetAsync(Ada, VolumeId, weekly, Ct)).Reason);
        var second = await ScheduleAsync();
        Assert.Equal(
            (first.Id, weekly, "2026-11-27 22:00"),
            (second.Id, new BackupWish(second.Times, second.Keep), second.NextAt.ToString("yyyy-MM-dd HH:mm", null))
        );
        Assert.Null((await Schedules.TurnOffAsync(Ada, VolumeId, Ct)).Reason);
        Assert.Null((await Schedules.TurnOffAsync(Ada, VolumeId, Ct)).Reason);
        await using var db = CreateDbContext();
        Assert.Empty(await db.BackupSchedules.ToListAsync(Ct));
        Assert.Equal(
            ["CreateLifecyclePolicy", "UpdateLifecyclePolicy", "DeleteLifecyclePolicy"],
            await db
                .AuditEntries.Where(row => row.ResourceId == VolumeId && row.Action.EndsWith("Policy"))
                .OrderBy(row => row.Id)
                .Select(row => row.Action)
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task Strangers_nonsense_and_whoever_may_not_spend_are_refused_with_a_sentence()
    {
        var stranger = await AnAccount.ReadyAsync(this);
        await TurnOnAsync();
        Assert.Equal("There is no such volume.", (await Schedules.SetAsync(stranger, VolumeId, Nightly, Ct)).Reason);
        Assert.Equal("There is no such volume.", (await Schedules.TurnOffAsync(stranger, VolumeId, Ct)).Reason);
        Assert.StartsWith(
            "From 1 to 90",
            (await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 0 }, Ct)).Reason,
            StringComparison.Ordinal
        );
        var poor = await AnAccount.ReadyAsync(this);
        var theirs = await AVolumeAsync(poor, "theirs");
        await using (var db = CreateDbContext())
        {
            await db.Cards.Where(card => card.AccountId == poor.AccountId).ExecuteDeleteAsync(Ct);
        }

        Assert.StartsWith("Add a card first", (await Schedules.SetAsync(poor, theirs, Nightly, Ct)).Reason, StringComparison.Ordinal);
        await ChangeAccountAsync(account => account.SnapshotLimit = 5);
        Assert.Equal(
            "Your quota is 5 snapshots, and a new one is made before the oldest goes: keep 4 at most, or ask support for more.",
            (await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 5 }, Ct)).Reason
        );
        Assert.Null((await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 4 }, Ct)).Reason);
        Assert.Equal(4, (await ScheduleAsync()).Keep);
    }

    [Fact]
    public async Task A_full_quota_is_told_to_the_owner_and_the_operators_and_the_backup_is_made_once_there_is_room()
    {
        var id = await TurnOnAsync();
        await ChangeAccountAsync(account => account.SnapshotLimit = 1);
        var own = (await new CreateSnapshot(this, Clock).RunAsync(Ada, new NewSnapshot(VolumeId, "my own", "own"), Ct)).Value!.Id;
        await SettleAllAsync();
        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        await AdvanceAsync(id);
        var refused = await ScheduleAsync();
        Assert.StartsWith("Your quota is 1 snapshot and you have 1", refused.Problem, StringComparison.Ordinal);
        await SweepAsync();
        Assert.Contains("Your quota is 1 snapshot ", Assert.Single(await OpenIncidentsAsync()).Message, StringComparison.Ordinal);

        // Asked again only after a pause, and then it succeeds; the customer's own was not touched for it.
        await new ChangeSnapshot(this, Clock).DeleteAsync(Ada, own, Ct);
        await SettleAllAsync();
        await AdvanceAsync(id);
        Assert.Empty(await LivingAsync());
        Clock.Advance(BackupSchedule.RetryPause);
        await AdvanceAsync(id);
        await SettleAllAsync();
        await AdvanceAsync(id);
        await SweepAsync();
        Assert.Equal("data 2026-11-24 03:00", Assert.Single(await SnapshotsAsync(), snapshot => snapshot.IsScheduled).Name);
        Assert.Empty(await OpenIncidentsAsync());
    }

    [Fact]
    public async Task While_an_account_is_suspended_nothing_is_taken_deleted_or_expected_and_nothing_is_made_up_for()
    {
        var id = await TurnOnAsync(Nightly with { Keep = 1 });
        var kept = await RunSlotAsync(id);
        await ChangeAccountAsync(account => account.SuspendedAt = Clock.GetUtcNow());
        Clock.Advance(TimeSpan.FromDays(3));
        await SweepAsync();
        await AdvanceAsync(id);
        await SweepAsync();
        Assert.Empty(await OpenIncidentsAsync());
        Assert.Equal([kept], await LivingAsync());

        await ChangeAccountAsync(account => account.SuspendedAt = null);
        await AdvanceAsync(id);
        await SweepAsync();
        Assert.Empty(await OpenIncidentsAsync());
        Assert.Equal([kept], await LivingAsync());
        var next = await RunSlotAsync(id);
        Assert.Equal([next], await LivingAsync());
    }

    [Fact]
    public async Task With_its_volume_the_schedule_ends_and_what_was_taken_stays()
    {
        var id = await TurnOnAsync();
        var taken = await RunSlotAsync(id);
        await ChangeAccountAsync(account => account.SnapshotLimit = 1);
        await RunSlotAsync(id);
        await SweepAsync();
        Assert.Single(await OpenIncidentsAsync());
        await new ChangeVolume(this, Clock).DeleteAsync(Ada, VolumeId, Ct);
        Assert.StartsWith(
            "It is delet",
            (await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 1 }, Ct)).Reason,
            StringComparison.Ordinal
        );
        await SweepAsync();
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        await SweepAsync();
        await using var db = CreateDbContext();
        Assert.Empty(await db.BackupSchedules.ToListAsync(Ct));
        Assert.Equal(
            "portal",
            (await db.AuditEntries.SingleAsync(row => row.ResourceId == VolumeId && row.Action == "DeleteLifecyclePolicy", Ct)).Who
        );
        Assert.Equal([taken], await LivingAsync());
        Assert.Empty(await OpenIncidentsAsync());
    }

    [Fact]
    public async Task Other_times_begin_to_hold_at_once_and_another_number_changes_no_time()
    {
        await TurnOnAsync();
        Clock.Advance(TimeSpan.FromHours(20));
        await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 9 }, Ct);
        Assert.Equal(AnAccount.Now.Date.AddDays(1).AddHours(3), (await ScheduleAsync()).NextAt.UtcDateTime);
        await Schedules.SetAsync(Ada, VolumeId, new BackupWish(Nightly.Times with { Hour = 7 }, 9), Ct);
        Assert.Equal(AnAccount.Now.Date.AddDays(2).AddHours(7), (await ScheduleAsync()).NextAt.UtcDateTime);
    }
}
