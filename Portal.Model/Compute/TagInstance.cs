using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// Replaces all tags of one instance. What is the same already leaves no trace, and the audit tells of those that differ only.
/// </summary>
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
            return Refusal.NotFound("There is no such instance.");
        }

        var (gone, come) = (Missing(instance.Tags, tags), Missing(tags, instance.Tags));
        if (instance.WhyNotEdit is { } reason)
        {
            return Refusal.State(reason);
        }

        if (gone.Count + come.Count == 0)
        {
            return Outcome.Done;
        }

        instance.Tags.Clear();
        foreach (var (key, value) in tags)
        {
            instance.Tags[key] = value;
        }

        db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "CreateTags", id, gone, come));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <summary>What is in the first and not, or otherwise, in the second.</summary>
    private static Dictionary<string, string> Missing(
        IReadOnlyDictionary<string, string> first,
        IReadOnlyDictionary<string, string> second
    ) => first.Where(tag => !second.TryGetValue(tag.Key, out var value) || value != tag.Value).ToDictionary(StringComparer.Ordinal);
}
