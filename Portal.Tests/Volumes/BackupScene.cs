using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Operators;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Volumes;

namespace Portal.Tests.Volumes;

/// <summary>
/// A customer with a volume, a clock that a test puts forward, and a worker whose sweeps and jobs run when the test says so. It begins on a
/// Monday at noon.
/// </summary>
public abstract class BackupScene(TestPostgres postgres) : WorkerScene(postgres, AnAccount.Now)
{
    protected static readonly BackupWish Nightly = new(new BackupTimes(BackupFrequency.Daily, DayOfWeek.Monday, 3), 2);

    protected Actor Ada { get; private set; } = null!;

    protected string VolumeId { get; private set; } = "";

    protected BackupSchedules Schedules => new(this, Clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Ada = await AnAccount.ReadyAsync(this);
        VolumeId = await AVolumeAsync(Ada, "data");
    }

    protected async Task<string> AVolumeAsync(Actor owner, string name)
    {
        var made = (
            await new CreateVolume(this, Clock).RunAsync(
                owner,
                new NewVolume
                {
                    Name = name,
                    SizeGiB = 4,
                    RequestToken = name,
                },
                Ct
            )
        ).Value!;
        await Worker.GetRequiredService<IVolumeJob>().AdvanceAsync(made.Id, Ct);
        return made.Id;
    }

    /// <summary>Turned on, as the web does it; the schedule's id.</summary>
    protected async Task<string> TurnOnAsync(BackupWish? wish = null)
    {
        Assert.Null((await Schedules.SetAsync(Ada, VolumeId, wish ?? Nightly, Ct)).Reason);
        return (await ScheduleAsync()).Id;
    }

    protected async Task<BackupSchedule> ScheduleAsync()
    {
        await using var db = CreateDbContext();
        return await db.BackupSchedules.AsNoTracking().SingleAsync(Ct);
    }

    protected Task SweepAsync() => Worker.GetRequiredService<BackupSweep>().SweepAsync(Ct);

    /// <summary>At the next slot: the backup is asked for, taken, and what is too many is removed.</summary>
    protected async Task<string> RunSlotAsync(string scheduleId)
    {
        Clock.SetUtcNow((await ScheduleAsync()).NextAt);
        return await RunDueAsync(scheduleId);
    }

    /// <summary>After the pause that follows a rejected one.</summary>
    protected Task<string> RunAgainAsync(string scheduleId)
    {
        Clock.Advance(BackupSchedule.RetryPause);
        return RunDueAsync(scheduleId);
    }

    private async Task<string> RunDueAsync(string scheduleId)
    {
        await AdvanceAsync(scheduleId);
        var taken = (await ScheduleAsync()).SnapshotId!;
        await SettleAllAsync();
        await AdvanceAsync(scheduleId);
        await SettleAllAsync();
        return taken;
    }

    /// <summary>Runs the jobs of all snapshots as the worker would.</summary>
    protected async Task SettleAllAsync()
    {
        for (var round = 0; round < 20; round++)
        {
            var open = (await SnapshotsAsync()).FindAll(snapshot => snapshot.IsUnsettled);
            foreach (var snapshot in open)
            {
                await Worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(snapshot.Id, Ct);
            }
        }
    }

    protected async Task<List<Snapshot>> SnapshotsAsync()
    {
        await using var db = CreateDbContext();
        return await db.Snapshots.AsNoTracking().OrderBy(snapshot => snapshot.CreatedAt).ToListAsync(Ct);
    }

    /// <summary>Those that there are, deleted ones left out.</summary>
    protected async Task<List<string>> LivingAsync() =>
        [.. (await SnapshotsAsync()).Where(snapshot => snapshot.State is not SnapshotState.Deleted).Select(snapshot => snapshot.Id)];

    protected async Task<List<Incident>> OpenIncidentsAsync()
    {
        await using var db = CreateDbContext();
        return await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync(Ct);
    }

    protected async Task ChangeAccountAsync(Action<Account> change)
    {
        await using var db = CreateDbContext();
        change(await db.Accounts.SingleAsync(account => account.Id == Ada.AccountId, Ct));
        await db.SaveChangesAsync(Ct);
    }
}
