using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Renames, tags and deletes snapshots of one account.</summary>
public sealed class ChangeSnapshot(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<ResourceChange> RenameAsync(Actor actor, string id, string name, CancellationToken ct) =>
        RunAsync(actor, id, "RenameSnapshot", snapshot => snapshot.Rename(name), ct);

    public Task<ResourceChange> TagAsync(Actor actor, string id, IReadOnlyDictionary<string, string> tags, CancellationToken ct) =>
        RunAsync(actor, id, "CreateTags", snapshot => snapshot.Tag(tags), ct);

    public Task<ResourceChange> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        RunAsync(actor, id, "DeleteSnapshot", snapshot => snapshot.RequestDelete(clock.GetUtcNow()), ct);

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
        Func<Snapshot, Outcome> request,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.LockSnapshotAsync(actor.AccountId, id, ct) is not { } snapshot)
        {
            return new ResourceChange(id, null, Refusal.NotFound("There is no such snapshot."));
        }

        var (before, outcome) = (AuditDetails(snapshot), request(snapshot));
        if (outcome.IsDone)
        {
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, id, before, AuditDetails(snapshot)));
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return new ResourceChange(id, snapshot.Name, outcome);
    }

    private static object AuditDetails(Snapshot snapshot) =>
        new
        {
            snapshot.Name,
            snapshot.Status,
            Tags = new Dictionary<string, string>(snapshot.Tags, StringComparer.Ordinal),
        };
}
