using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>What came of a request for one image.</summary>
/// <param name="Name">Null if the account has no such image.</param>
/// <param name="SnapshotId">The snapshot that now has something to do.</param>
public sealed record ImageChange(string Id, string? Name, string? RegionId, string? SnapshotId, Outcome Outcome);

/// <summary>
/// Renames, describes and deletes images of one account. The caller enqueues <see cref="ISnapshotJob"/> for the snapshots of those that are
/// deleted.
/// </summary>
public sealed class ChangeImage(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<ImageChange> DescribeAsync(Actor actor, string id, string name, string description, CancellationToken ct) =>
        RunAsync(actor, id, "ModifyImageAttribute", image => image.Describe(name, description), ct);

    public Task<ImageChange> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        RunAsync(actor, id, "DeregisterImage", image => image.RequestDelete(clock.GetUtcNow()), ct);

    /// <summary>Each for itself, as they come.</summary>
    public async Task<IReadOnlyList<ImageChange>> DeleteAsync(Actor actor, IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        var changes = new List<ImageChange>(ids.Count);
        foreach (var id in ids.Distinct(StringComparer.Ordinal))
        {
            changes.Add(await DeleteAsync(actor, id, ct));
        }

        return changes;
    }

    private async Task<ImageChange> RunAsync(
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
            return new ImageChange(id, null, null, null, Outcome.Refused("There is no such image."));
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
        return new ImageChange(id, image.Name, image.RegionId, snapshotId, outcome);
    }

    private static object AuditDetails(PrivateImage image) =>
        new
        {
            image.Name,
            image.Description,
            image.Status,
        };
}
