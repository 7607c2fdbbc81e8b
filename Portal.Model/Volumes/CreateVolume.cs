using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
public sealed record NewVolume
{
    public required string Name { get; init; }

    public required int SizeGiB { get; init; }

    public string TypeId { get; init; } = VolumeType.Standard;

    /// <summary>Null: where <see cref="InstanceId"/> is, or the account's first network.</summary>
    public string? RegionId { get; init; }

    /// <summary>The instance that is to have it as soon as it is there; null for none.</summary>
    public string? InstanceId { get; init; }

    public bool DeleteOnTermination { get; init; }

    /// <summary>The snapshot that it is to begin as, whose region it then is in; null for an empty one.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Made by the form when it was opened, up to 64 characters: the same request sent twice is one.</summary>
    public required string RequestToken { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>
/// Makes a volume, or none: checks, quota, room and audit are one transaction under a lock on the account's row. The same token again
/// returns what it made before.
/// </summary>
public sealed class CreateVolume(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome<Volume>> RunAsync(Actor actor, NewVolume form, CancellationToken ct)
    {
        if (Check(form) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db
                .Volumes.AsNoTracking()
                .FirstOrDefaultAsync(volume => volume.AccountId == actor.AccountId && volume.RequestToken == form.RequestToken, ct) is
            { } before
        )
        {
            return before;
        }

        var place = await FindPlaceAsync(db, actor, account, form, ct);
        if (place.Value is not { } found)
        {
            return place.Refusal!;
        }

        var made = Build(actor, form, found);
        db.Volumes.Add(made);
        db.AuditEntries.Add(Audit(actor, made));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return made;
    }

    /// <summary>The row that tells of a volume's making, alone or together with its instance.</summary>
    internal static AuditEntry Audit(Actor actor, Volume made) =>
        actor.Audit(
            made.CreatedAt,
            "CreateVolume",
            made.Id,
            after: new
            {
                made.Name,
                Size = made.SizeGiB,
                Type = made.TypeId,
                Instance = made.InstanceId,
                Snapshot = made.SnapshotId,
                made.Tags,
            }
        );

    /// <summary>What can be said of the request without looking anything up.</summary>
    public static Outcome Check(NewVolume form)
    {
        Outcome[] outcomes =
        [
            ResourceName.Check(form.Name),
            Volume.CheckSize(form.SizeGiB),
            Tags.Check(form.Tags),
            form.RequestToken.Length is > 0 and <= 64 ? Outcome.Done : Refusal.Invalid("The form is damaged: reload the page."),
        ];
        return outcomes.FirstOrDefault(outcome => !outcome.IsDone);
    }

    private async Task<Outcome<Place>> FindPlaceAsync(PortalDb db, Actor actor, Account account, NewVolume form, CancellationToken ct)
    {
        var refusal =
            await db.WhyMayNotCreateAsync(actor, ct)
            ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)
            ?? (await db.VolumeTypes.AnyAsync(type => type.Id == form.TypeId, ct) ? null : Refusal.NotFound(VolumeType.Unknown))
            ?? await VolumeQuota.WhyNotAsync(db, account, 1, form.SizeGiB, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        var home = await db
            .Networks.Where(network => network.AccountId == actor.AccountId && (form.RegionId == null || network.RegionId == form.RegionId))
            .OrderBy(network => network.CreatedAt)
            .Select(network => new { network.ProjectId, network.RegionId })
            .FirstOrDefaultAsync(ct);
        var wanted = form.InstanceId is null
            ? null
            : await db
                .Instances.AsNoTracking()
                .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == form.InstanceId, ct);
        if (home is null || (form.InstanceId is not null && wanted is null))
        {
            return Refusal.NotFound(home is null ? "There is no such region." : "There is no such instance.");
        }

        var source = form.SnapshotId is null
            ? null
            : await db
                .Snapshots.AsNoTracking()
                .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == form.SnapshotId, ct);
        if (form.SnapshotId is not null && WhyNotFrom(source, form.SizeGiB, wanted) is { } unfit)
        {
            return unfit;
        }

        var region = await db.LockRegionAsync(wanted?.RegionId ?? source?.RegionId ?? home.RegionId, ct);
        return (await FreeCapacity.OfAsync(db, region, ct)).WhyNotGiB(form.SizeGiB) is { } full
            ? Refusal.Limit(full)
            : await TakeAsync(db, actor, form, source, wanted?.ProjectId ?? home.ProjectId, region.Id, ct);
    }

    private static Refusal? WhyNotFrom(Snapshot? source, int sizeGiB, Instance? wanted) =>
        source is null
            ? Refusal.NotFound("There is no such snapshot.")
            : source.WhyNotRestoreTo(sizeGiB)
                ?? Refusal.Invalid(
                    wanted is not null && wanted.RegionId != source.RegionId
                        ? $"{wanted.Name} is in another region than the snapshot: what is made from it can be attached only there."
                        : null
                );

    private static async Task<Outcome<Place>> TakeAsync(
        PortalDb db,
        Actor actor,
        NewVolume form,
        Snapshot? source,
        string projectId,
        string regionId,
        CancellationToken ct
    )
    {
        // Under its lock: a deletion that comes before is seen here, one that comes after waits until the volume is made.
        if (source is not null && (await db.LockSnapshotAsync(actor.AccountId, source.Id, ct))!.WhyNotRestore is { } gone)
        {
            return Refusal.State(gone);
        }

        if (form.InstanceId is null)
        {
            return new Place(projectId, regionId, null, null, source);
        }

        var instance = (await db.LockInstancesAsync(actor.AccountId, [form.InstanceId], ct)).Single();
        var device = VolumeDevices.Free(
            await db.Volumes.Where(volume => volume.InstanceId == instance.Id).Select(volume => volume.Device).ToListAsync(ct)
        );
        return (Refusal.State(Volume.WhyNotOn(instance)) ?? device.Refusal) is { } refusal
            ? refusal
            : new Place(projectId, regionId, instance, device.Value, source);
    }

    private Volume Build(Actor actor, NewVolume form, Place place)
    {
        var now = clock.GetUtcNow();
        var volume = new Volume
        {
            Id = ResourceIds.New("vol"),
            AccountId = actor.AccountId,
            Name = form.Name.Trim(),
            CreatedAt = now,
            ProjectId = place.ProjectId,
            RegionId = place.RegionId,
            TypeId = form.TypeId,
            SizeGiB = form.SizeGiB,
            ImageId = place.Source?.ImageId,
            SnapshotId = place.Source?.Id,
            RequestToken = form.RequestToken,
            Tags = new Dictionary<string, string>(form.Tags, StringComparer.Ordinal),
        }.Requested(now);
        return place.Instance is null ? volume : volume.For(place.Instance, place.Device!, form.DeleteOnTermination);
    }

    private sealed record Place(string ProjectId, string RegionId, Instance? Instance, string? Device, Snapshot? Source);
}
