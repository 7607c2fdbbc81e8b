using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>Replaces all tags of one instance.</summary>
public sealed class TagInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome> RunAsync(Actor actor, string id, IReadOnlyDictionary<string, string> tags, CancellationToken ct)
    {
        if (Tags.Check(tags) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if ((await db.LockInstancesAsync(actor.AccountId, [id], ct)).SingleOrDefault() is not { } instance)
        {
            return Outcome.Refused("There is no such instance.");
        }

        var before = new Dictionary<string, string>(instance.Tags, StringComparer.Ordinal);
        instance.Tags.Clear();
        foreach (var (key, value) in tags)
        {
            instance.Tags[key] = value;
        }

        db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "CreateTags", id, before, instance.Tags));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }
}
