using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
/// <param name="RequestToken">Made by the form when it was opened, up to 64 characters: the same request sent twice is one.</param>
public sealed record NewSnapshot(string VolumeId, string Name, string RequestToken);

/// <summary>
/// Takes a snapshot, or none: checks, quota, room and audit are one transaction under a lock on the account's row. The same token again
/// returns what it made before.
/// </summary>
public sealed class CreateSnapshot(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome<Snapshot>> RunAsync(Actor actor, NewSnapshot form, CancellationToken ct) =>
        RunAsync(actor, form, scheduleId: null, ct);

    /// <param name="scheduleId">
    /// The volume's schedule by which Portal asks for it; that the person confirmed an address was seen when it was made. Null for a
    /// person.
    /// </param>
    public async Task<Outcome<Snapshot>> RunAsync(Actor actor, NewSnapshot form, string? scheduleId, CancellationToken ct)
    {
        if (Check(form.Name, form.RequestToken) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db
                .Snapshots.AsNoTracking()
                .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.RequestToken == form.RequestToken, ct) is
            { } before
        )
        {
            return before;
        }

        if ((scheduleId is not null ? null : await db.WhyMayNotCreateAsync(actor, ct)) is { } unconfirmed)
        {
            return unconfirmed;
        }

        var made = await AddAsync(db, account, actor, form, scheduleId, null, ct);
        if (made.IsDone)
        {
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return made;
    }

    /// <summary>What can be said of the request without looking anything up.</summary>
    public static Outcome Check(string? name, string token) =>
        ResourceName.Check(name) is { IsDone: false } refused ? refused
        : token.Length is > 0 and <= 64 ? Outcome.Done
        : Refusal.Invalid("The form is damaged: reload the page.");

    /// <summary>As part of a transaction that holds the lock on the account's row; the caller saves.</summary>
    /// <param name="imageId">The image that is to begin as it; null for none.</param>
    internal async Task<Outcome<Snapshot>> AddAsync(
        PortalDb db,
        Account account,
        Actor actor,
        NewSnapshot form,
        string? scheduleId,
        string? imageId,
        CancellationToken ct
    )
    {
        var found = await FindAsync(db, account, form.VolumeId, ct);
        if (found.Value is not { } volume)
        {
            return found.Refusal!;
        }

        var made = Build(volume, form, scheduleId, imageId);
        db.Snapshots.Add(made);
        db.AuditEntries.Add(
            actor.Audit(
                made.CreatedAt,
                "CreateSnapshot",
                made.Id,
                after: new
                {
                    made.Name,
                    Volume = made.VolumeId,
                    Scheduled = scheduleId is not null,
                    Image = imageId,
                }
            )
        );
        return made;
    }

    /// <summary>The volume that it is to be of, if it may be taken.</summary>
    private async Task<Outcome<Volume>> FindAsync(PortalDb db, Account account, string volumeId, CancellationToken ct)
    {
        if (
            await db.Volumes.AsNoTracking().FirstOrDefaultAsync(known => known.AccountId == account.Id && known.Id == volumeId, ct)
            is not { } volume
        )
        {
            return Refusal.NotFound("There is no such volume.");
        }

        var refusal =
            await CardCheck.WhyNoBillingAsync(db, account.Id, clock.GetUtcNow(), ct)
            ?? Refusal.State(volume.WhyNotSnapshot)
            ?? await WhyNotWithinQuotaAsync(db, account, ct)
            ?? Refusal.Limit((await FreeCapacity.OfAsync(db, await db.LockRegionAsync(volume.RegionId, ct), ct)).WhyNotGiB(volume.MadeGiB));
        if (refusal is not null)
        {
            return refusal;
        }

        // Under its lock: a deletion that comes before is seen here, one that comes after waits for the snapshot.
        var locked = (await db.LockVolumesAsync(account.Id, [volumeId], ct)).Single();
        return locked.WhyNotSnapshot is { } late ? Refusal.State(late) : locked;
    }

    private static async Task<Refusal?> WhyNotWithinQuotaAsync(PortalDb db, Account account, CancellationToken ct)
    {
        var had = await db.Snapshots.CountAsync(
            snapshot => snapshot.AccountId == account.Id && snapshot.State != SnapshotState.Deleted,
            ct
        );
        return had < account.SnapshotLimit
            ? null
            : Refusal.Limit(
                $"Your quota is {Counted.Of(account.SnapshotLimit, "snapshot")} and you have {had}: delete one you no longer need, or ask support for more."
            );
    }

    private Snapshot Build(Volume volume, NewSnapshot form, string? scheduleId, string? imageId)
    {
        var now = clock.GetUtcNow();
        return new Snapshot
        {
            Id = ResourceIds.New("snap"),
            AccountId = volume.AccountId,
            Name = form.Name.Trim(),
            CreatedAt = now,
            ProjectId = volume.ProjectId,
            RegionId = volume.RegionId,
            VolumeId = volume.Id,
            SizeGiB = volume.MadeGiB,
            ImageId = volume.ImageId,
            RequestToken = form.RequestToken,
            ScheduleId = scheduleId,
            PrivateImageId = imageId,
        }.Requested(now);
    }
}
