using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Billing;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>Each slot has one backup, whatever happens to the workers, and the newest are kept.</summary>
[Trait("Needs", "database")]
public sealed class BackupJobTests(TestPostgres postgres) : BackupScene(postgres)
{
    [Fact]
    public async Task Two_workers_that_run_it_at_once_take_one_backup_which_tells_its_volume_and_its_slot()
    {
        var id = await TurnOnAsync();
        await using var other = WorkerServices.Of(this, Source, Engine, Clock);
        await AdvanceAsync(id);
        Assert.Empty(await SnapshotsAsync());

        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(run => Task.Run(() => (run % 2 == 0 ? Worker : other).GetRequiredService<IBackupJob>().AdvanceAsync(id, Ct), Ct))
        );
        await AdvanceAsync(id);
        var taken = Assert.Single(await SnapshotsAsync());
        Assert.Equal(("data 2026-11-24 03:00", true, VolumeId), (taken.Name, taken.IsScheduled, taken.VolumeId));
        Assert.Equal(AnAccount.Now.Date.AddDays(2).AddHours(3), (await ScheduleAsync()).NextAt.UtcDateTime);
        await SettleAllAsync();
        Assert.Equal("completed", Assert.Single(await SnapshotsAsync()).Status);
        await using var db = CreateDbContext();
        Assert.Equal(
            "portal",
            (await db.AuditEntries.SingleAsync(row => row.ResourceId == taken.Id && row.Action == "CreateSnapshot", Ct)).Who
        );
    }

    /// <summary>One of two halves, and a flag of two such.</summary>
    [Theory]
    [InlineData("\U0001F4BE", 236)]
    [InlineData("\U0001F4BE", 237)]
    [InlineData("\U0001F1E9\U0001F1EA", 236)]
    public async Task A_long_name_is_cut_between_two_characters_to_make_room_for_the_slot(string character, int before)
    {
        var name = new string('x', before);
        await using (var db = CreateDbContext())
        {
            await db.Volumes.ExecuteUpdateAsync(volume => volume.SetProperty(row => row.Name, name + character + "y"), Ct);
        }

        var id = await TurnOnAsync();
        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        await AdvanceAsync(id);
        Assert.Null((await ScheduleAsync()).Problem);
        Assert.Equal(
            before + character.Length <= 238 ? $"{name}{character} 2026-11-24 03:00" : $"{name} 2026-11-24 03:00",
            Assert.Single(await SnapshotsAsync()).Name
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_worker_that_is_killed_after_any_of_its_writes_leaves_one_backup_per_slot_and_no_more(int write)
    {
        var id = await TurnOnAsync();
        Clock.Advance(TimeSpan.FromDays(1));
        await using (var killed = WorkerServices.Of(new KilledAtSave(ConnectionString, write), Source, Engine, Clock))
        {
            await Assert.ThrowsAsync<NpgsqlException>(() => killed.GetRequiredService<IBackupJob>().AdvanceAsync(id, Ct));
        }

        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Equal(Assert.Single(await SnapshotsAsync()).Id, (await ScheduleAsync()).SnapshotId);
    }

    [Fact]
    public async Task A_worker_that_was_down_for_days_makes_up_for_them_with_one_backup_and_the_operators_know()
    {
        var id = await TurnOnAsync();
        Clock.Advance(TimeSpan.FromDays(4));
        await SweepAsync();
        var missed = Assert.Single(await OpenIncidentsAsync());
        Assert.Equal(("missed-backup", id, Ada.AccountId), (missed.Kind, missed.ResourceId, missed.AccountId));
        Assert.Contains("was due at 2026-11-24 03:00:00Z", missed.Message, StringComparison.Ordinal);

        await AdvanceAsync(id);
        await AdvanceAsync(id);
        var schedule = await ScheduleAsync();
        Assert.Equal("data 2026-11-27 03:00", Assert.Single(await SnapshotsAsync()).Name);
        Assert.Equal("The one of 2026-11-27 03:00 UTC was missed, and is being made up for.", schedule.Problem);
        await SweepAsync();
        Assert.Single(await OpenIncidentsAsync());

        await SettleAllAsync();
        await AdvanceAsync(id);
        await SweepAsync();
        Assert.Empty(await OpenIncidentsAsync());
        Assert.Equal((null, Clock.GetUtcNow()), ((await ScheduleAsync()).Problem, (await ScheduleAsync()).LastAt));
    }

    [Fact]
    public async Task The_newest_are_kept_the_oldest_go_when_the_newest_is_complete_and_ones_own_are_never_touched()
    {
        var id = await TurnOnAsync();
        var create = new CreateSnapshot(this, Clock);
        var own = (await create.RunAsync(Ada, new NewSnapshot(VolumeId, "my own", "own"), Ct)).Value!.Id;
        Clock.Advance(TimeSpan.FromSeconds(1));
        var others = (await create.RunAsync(Ada, new NewSnapshot(await AVolumeAsync(Ada, "logs"), "of another", "other"), id, Ct))
            .Value!
            .Id;
        await SettleAllAsync();
        var (first, second) = (await RunSlotAsync(id), await RunSlotAsync(id));
        Assert.Equal([own, others, first, second], await LivingAsync());

        // Not before the third is complete.
        Engine.ObservationsUntilCopied = null;
        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        await AdvanceAsync(id);
        await SettleAllAsync();
        await AdvanceAsync(id);
        var third = (await ScheduleAsync()).SnapshotId!;
        Assert.Equal([own, others, first, second, third], await LivingAsync());
        Assert.All(await SnapshotsAsync(), snapshot => Assert.False(snapshot.IsDeleting));

        // The engine is asked for another copy, which it completes.
        Engine.ObservationsUntilCopied = 1;
        Engine.LoseSnapshot(third);
        await SettleAllAsync();
        await AdvanceAsync(id);
        await SettleAllAsync();
        Assert.Equal([own, others, second, third], await LivingAsync());
        Assert.DoesNotContain(first, Engine.Snapshots);
        await using var db = CreateDbContext();
        Assert.Equal(
            "portal",
            (await db.AuditEntries.SingleAsync(row => row.ResourceId == first && row.Action == "DeleteSnapshot", Ct)).Who
        );

        // Fewer from now on: at the next complete one, and from the old end.
        await Schedules.SetAsync(Ada, VolumeId, Nightly with { Keep = 1 }, Ct);
        await AdvanceAsync(id);
        Assert.Equal([own, others, second, third], await LivingAsync());
        var fourth = await RunSlotAsync(id);
        Assert.Equal([own, others, fourth], await LivingAsync());
    }

    [Fact]
    public async Task One_that_could_not_be_taken_costs_no_older_one_and_is_an_incident_until_a_later_one_is_complete()
    {
        var id = await TurnOnAsync(Nightly with { Keep = 1 });
        var kept = await RunSlotAsync(id);
        var failed = "";
        for (var attempt = 1; attempt <= BackupSchedule.MaxAttempts; attempt++)
        {
            Engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
            failed = attempt == 1 ? await RunSlotAsync(id) : await RunAgainAsync(id);
        }

        Assert.Equal([kept, failed], await LivingAsync());
        Assert.NotNull((await ScheduleAsync()).Problem);
        Assert.Equal(AnAccount.Now.Date.AddDays(3).AddHours(3), (await ScheduleAsync()).NextAt.UtcDateTime);
        await SweepAsync();
        Assert.Equal("missed-backup", Assert.Single(await OpenIncidentsAsync()).Kind);
        var next = await RunSlotAsync(id);
        await SweepAsync();
        Assert.Empty(await OpenIncidentsAsync());
        Assert.Equal([next], await LivingAsync());
    }

    [Fact]
    public async Task One_that_the_engine_rejects_once_or_twice_is_taken_within_its_slot_and_nobody_is_alarmed()
    {
        // Room for one beside those that are kept: the one that failed makes room for the next attempt.
        var id = await TurnOnAsync(Nightly with { Keep = 1 });
        var kept = await RunSlotAsync(id);
        await ChangeAccountAsync(account => account.SnapshotLimit = 2);
        Engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
        await RunSlotAsync(id);
        Assert.Equal([kept], await LivingAsync());
        await QuietlyAsync();
        Engine.FailOnce(nameof(IVolumeEngine.EnsureSnapshotAsync), FaultPoint.Before, EngineFault.Rejected);
        await AdvanceAsync(id);
        Assert.Null((await ScheduleAsync()).SnapshotId);
        await RunAgainAsync(id);
        await QuietlyAsync();
        var taken = await RunAgainAsync(id);
        await QuietlyAsync();
        Assert.Equal([taken], await LivingAsync());
        Assert.Equal(3, (await SnapshotsAsync()).Count(snapshot => snapshot.Name == "data 2026-11-25 03:00"));
        Assert.Equal(
            (0, AnAccount.Now.Date.AddDays(3).AddHours(3)),
            ((await ScheduleAsync()).Rejected, (await ScheduleAsync()).NextAt.UtcDateTime)
        );

        async Task QuietlyAsync()
        {
            await SweepAsync();
            Assert.Empty(await OpenIncidentsAsync());
            Assert.Null((await ScheduleAsync()).Problem);
        }
    }

    [Fact]
    public async Task What_a_schedule_took_stays_when_it_is_turned_off_and_another_keeps_fewer()
    {
        var id = await TurnOnAsync();
        var former = new[] { await RunSlotAsync(id), await RunSlotAsync(id) };
        await Schedules.TurnOffAsync(Ada, VolumeId, Ct);
        id = await TurnOnAsync(Nightly with { Keep = 1 });
        await RunSlotAsync(id);
        var newest = await RunSlotAsync(id);
        Assert.Equal([.. former, newest], await LivingAsync());
    }

    [Fact]
    public async Task A_slot_that_comes_while_the_one_before_is_not_complete_gets_no_copy_of_its_own()
    {
        Engine.ObservationsUntilCopied = null;
        var id = await TurnOnAsync();
        Clock.Advance(TimeSpan.FromDays(1));
        await AdvanceAsync(id);
        Clock.Advance(TimeSpan.FromDays(1));
        await AdvanceAsync(id);
        await AdvanceAsync(id);
        Assert.Single(await SnapshotsAsync());
        Assert.Equal("The one before is not complete yet, so that of 2026-11-25 03:00 UTC was left out.", (await ScheduleAsync()).Problem);
        await SweepAsync();
        Assert.Single(await OpenIncidentsAsync(), incident => incident.Kind is "missed-backup");
    }

    [Fact]
    public async Task A_snapshot_that_its_owner_deletes_before_it_is_complete_is_nobodys_fault()
    {
        var id = await TurnOnAsync();
        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        await AdvanceAsync(id);
        await new ChangeSnapshot(this, Clock).DeleteAsync(Ada, (await ScheduleAsync()).SnapshotId!, Ct);
        await AdvanceAsync(id);
        await SweepAsync();
        Assert.Equal((null, null), ((await ScheduleAsync()).SnapshotId, (await ScheduleAsync()).Problem));
        Assert.Empty(await OpenIncidentsAsync());
    }
}
