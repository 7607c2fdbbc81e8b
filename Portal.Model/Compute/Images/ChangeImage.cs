using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>Renames, describes and deletes images of one account.</summary>
public sealed class ChangeImage(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<ResourceChange> DescribeAsync(Actor actor, string id, string name, string description, CancellationToken ct) =>
        RunAsync(actor, id, "ModifyImageAttribute", image => image.Describe(name, description), ct);

    public Task<ResourceChange> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        RunAsync(actor, id, "DeregisterImage", image => image.RequestDelete(clock.GetUtcNow()), ct);

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

    private async Task<ResourceChange> RunAsync(
        Actor actor,
        string id,
        string action,
        Func<PrivateImage, Outcome> request,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (
            await db
                .PrivateImages.Where(image => image.AccountId == actor.AccountId && image.Id == id)
                .Select(image => image.SnapshotId)
                .SingleOrDefaultAsync(ct)
            is not { } snapshotId
        )
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such image."));
        }

        // The snapshot's lock is the image's too: whatever begins as it takes that lock.
        await db.LockSnapshotAsync(actor.AccountId, snapshotId, ct);
        var image = await db.PrivateImages.Include(image => image.Snapshot).SingleAsync(image => image.Id == id, ct);
        var (before, outcome) = (AuditDetails(image), request(image));
        if (outcome.IsDone)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, id, before, AuditDetails(image)));
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return new ResourceChange(id, image.Name, outcome);
    }

    private static object AuditDetails(PrivateImage image) =>
        new
        {
            image.Name,
            image.Description,
            image.Status,
        };
}
