using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Attaches, detaches, grows, renames, tags and deletes volumes of one account.</summary>
public sealed class ChangeVolume(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<ResourceChange> AttachAsync(Actor actor, string id, string instanceId, bool deleteOnTermination, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if ((await db.LockInstancesAsync(actor.AccountId, [instanceId], ct)).SingleOrDefault() is not { } instance)
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such instance."));
        }

        var taken = await db.Volumes.Where(volume => volume.InstanceId == instanceId).Select(volume => volume.Device).ToListAsync(ct);
        var change = await RunAsync(
            db,
            actor,
            id,
            "AttachVolume",
            volume =>
                VolumeDevices.Free(taken) is { Value: { } device }
                    ? volume.RequestAttach(instance, device, deleteOnTermination, clock.GetUtcNow())
                    : volume.WhyNotAttach ?? VolumeDevices.Free(taken).Refusal,
            ct
        );
        await transaction.CommitAsync(ct);
        return change;
    }

    public Task<ResourceChange> DetachAsync(Actor actor, string id, CancellationToken ct) =>
        RunAsync(actor, id, "DetachVolume", volume => volume.RequestDetach(clock.GetUtcNow()), ct);

    /// <summary>What grows costs more: as with a new one it takes a payer, quota and room.</summary>
    public async Task<ResourceChange> GrowAsync(Actor actor, string id, int sizeGiB, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        var known = await db
            .Volumes.AsNoTracking()
            .FirstOrDefaultAsync(volume => volume.AccountId == actor.AccountId && volume.Id == id, ct);
        var why = known is null ? null : await WhyNoMoreAsync(db, actor, account, known, sizeGiB - known.SizeGiB, ct);
        var change = await RunAsync(
            db,
            actor,
            id,
            "ModifyVolume",
            volume => volume.WhyNotGrowTo(sizeGiB) is null && why is not null ? why : volume.RequestGrow(sizeGiB, clock.GetUtcNow()),
            ct
        );
        await transaction.CommitAsync(ct);
        return change;
    }

    public Task<ResourceChange> RenameAsync(Actor actor, string id, string name, CancellationToken ct) =>
        RunAsync(actor, id, "RenameVolume", volume => volume.Rename(name), ct);

    public Task<ResourceChange> TagAsync(Actor actor, string id, IReadOnlyDictionary<string, string> tags, CancellationToken ct) =>
        RunAsync(actor, id, "CreateTags", volume => volume.Tag(tags), ct);

    /// <summary>Whether it goes with its instance.</summary>
    public Task<ResourceChange> KeepAsync(Actor actor, string id, bool deleteOnTermination, CancellationToken ct) =>
        RunAsync(actor, id, "ModifyInstanceAttribute", volume => volume.SetDeleteOnTermination(deleteOnTermination), ct);

    public Task<ResourceChange> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        RunAsync(actor, id, "DeleteVolume", volume => volume.RequestDelete(clock.GetUtcNow()), ct);

    /// <summary>Each for itself, as they come.</summary>
    public async Task<IReadOnlyList<ResourceChange>> DeleteAsync(Actor actor, IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        var changes = new List<ResourceChange>(ids.Count);
        foreach (var id in ids.Distinct(StringComparer.Ordinal))
        {
            changes.Add(await DeleteAsync(actor, id, ct));
        }

        return changes;
    }

    private async Task<Refusal?> WhyNoMoreAsync(
        PortalDb db,
        Actor actor,
        Account account,
        Volume volume,
        int moreGiB,
        CancellationToken ct
    ) =>
        await db.WhyMayNotCreateAsync(actor, ct)
        ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)
        ?? await VolumeQuota.WhyNotAsync(db, account, 0, moreGiB, ct)
        ?? Refusal.Limit((await FreeCapacity.OfAsync(db, await db.LockRegionAsync(volume.RegionId, ct), ct)).WhyNotGiB(moreGiB));

    private async Task<ResourceChange> RunAsync(Actor actor, string id, string action, Func<Volume, Outcome> request, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var change = await RunAsync(db, actor, id, action, request, ct);
        await transaction.CommitAsync(ct);
        return change;
    }

    private async Task<ResourceChange> RunAsync(
        PortalDb db,
        Actor actor,
        string id,
        string action,
        Func<Volume, Outcome> request,
        CancellationToken ct
    )
    {
        if ((await db.LockVolumesAsync(actor.AccountId, [id], ct)).SingleOrDefault() is not { } volume)
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such volume."));
        }

        var (before, outcome) = (AuditDetails(volume), request(volume));
        if (outcome.IsDone)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, id, before, AuditDetails(volume)));
            await db.SaveChangesAsync(ct);
        }

        return new ResourceChange(id, volume.Name, outcome);
    }

    private static object AuditDetails(Volume volume) =>
        new
        {
            volume.Name,
            volume.Status,
            Size = volume.SizeGiB,
            Instance = volume.InstanceId,
            volume.DeleteOnTermination,
            Tags = new Dictionary<string, string>(volume.Tags, StringComparer.Ordinal),
        };
}
