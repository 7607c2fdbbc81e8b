using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Volumes;

/// <summary>The scheduled backups of one volume, and what others would cost at most.</summary>
/// <param name="Schedule">Null while there is none.</param>
/// <param name="Limit">The account's quota of snapshots, of which it has <paramref name="Used"/>.</param>
/// <param name="Taken">How many of the volume's this schedule took, and what they store together in MiB.</param>
/// <param name="Former">How many an earlier schedule of the volume took, which this one leaves alone.</param>
/// <param name="WhyNot">Why nothing may be turned on or changed, as a sentence; null if it may.</param>
public sealed record BackupView(
    Volume Volume,
    BackupSchedule? Schedule,
    int Limit,
    int Used,
    int Taken,
    int TakenMiB,
    int Former,
    bool IsSuspended,
    string? WhyNot,
    IReadOnlyList<Price> Prices,
    Forecast Forecast
)
{
    /// <summary>US dollars a month if each of so many stores all that the volume can.</summary>
    public decimal PerMonth(int keep) => ResourceCost.MonthOf([new Addition("backups", Skus.Snapshot, GiB(keep))], Prices, Forecast.Now);

    /// <summary>US dollars at the month's end at most: if all of them were there from now on.</summary>
    public decimal MonthEndWith(int keep) =>
        Forecast.MonthEndWith([new Addition("backups", Skus.Snapshot, Math.Max(0, GiB(keep) - SnapshotMeter.GiB(TakenMiB)))]);

    /// <summary>What keeps so many from being there, as a sentence; null if nothing does.</summary>
    public string? Warning(int keep) =>
        Used + keep + 1 - Taken <= Limit
            ? null
            : $"Your quota is {Counted.Of(Limit, "snapshot")} and you have {Used}: without room for {keep + 1} of these no backup can be made. Delete some, keep fewer, or ask support for more.";

    /// <summary>Null if the account has no such volume.</summary>
    public static async Task<BackupView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string volumeId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (
            await db.Volumes.AsNoTracking().FirstOrDefaultAsync(volume => volume.AccountId == actor.AccountId && volume.Id == volumeId, ct)
            is not { } volume
        )
        {
            return null;
        }

        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == actor.AccountId, ct);
        var living = db.Snapshots.Where(snapshot => snapshot.AccountId == actor.AccountId && snapshot.State != SnapshotState.Deleted);
        var schedule = await db
            .BackupSchedules.AsNoTracking()
            .SingleOrDefaultAsync(schedule => schedule.AccountId == actor.AccountId && schedule.VolumeId == volumeId, ct);
        var scheduled = await living
            .Where(snapshot => snapshot.VolumeId == volumeId && snapshot.ScheduleId != null && !snapshot.IsDeleting)
            .Select(snapshot => new { snapshot.ScheduleId, snapshot.StoredMiB })
            .ToListAsync(ct);
        var own = scheduled.FindAll(snapshot => snapshot.ScheduleId == schedule?.Id);
        return new BackupView(
            volume,
            schedule,
            account.SnapshotLimit,
            await living.CountAsync(ct),
            own.Count,
            own.Sum(snapshot => snapshot.StoredMiB),
            scheduled.Count - own.Count,
            account.SuspendedAt is not null,
            volume.WhyNotBackUp
                ?? await db.WhyMayNotCreateAsync(actor, ct)
                ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct),
            prices,
            await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct)
        );
    }

    private decimal GiB(int keep) => (decimal)keep * Volume.SizeGiB;
}
