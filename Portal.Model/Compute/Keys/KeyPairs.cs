using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>An account's SSH keys: importing and deleting.</summary>
public sealed class KeyPairs(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>Of one account: two pages show them all.</summary>
    public const int Most = 100;

    public async Task<Outcome<KeyPair>> ImportAsync(Actor actor, string name, string publicKey, CancellationToken ct)
    {
        if (ResourceName.Check(name) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if ((await db.LockAccountAsync(actor.AccountId, ct)).ClosingSince is not null)
        {
            return Refusal.Forbidden(CreateRule.Closing);
        }

        if (await db.KeyPairs.AnyAsync(key => key.AccountId == actor.AccountId && key.Name == name.Trim(), ct))
        {
            return Refusal.Duplicate($"You have a key named “{name.Trim()}” already.");
        }

        var kept = await KeepAsync(db, actor, name, publicKey, name, clock.GetUtcNow(), ct);
        if (kept.Value is { } key && !string.Equals(key.Name, name.Trim(), StringComparison.Ordinal))
        {
            return Refusal.Duplicate($"This key is among yours already, as “{key.Name}”.");
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return kept;
    }

    /// <summary>Deletes the key pair. Instances keep the public key that they were made with.</summary>
    public async Task<Outcome> DeleteAsync(Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.KeyPairs.FirstOrDefaultAsync(key => key.AccountId == actor.AccountId && key.Id == id, ct) is not { } key)
        {
            return Refusal.NotFound("There is no such key any more.");
        }

        db.KeyPairs.Remove(key);
        db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "DeleteKeyPair", id, before: new { key.Name, key.Fingerprint }));
        await db.SaveChangesAsync(ct);
        return Outcome.Done;
    }

    /// <summary>
    /// Within the caller's transaction and lock: the account's key pair with this public key, or a new one with a name of its own.
    /// The name is the one given, else the key's comment, else <paramref name="fallback"/>.
    /// </summary>
    internal static async Task<Outcome<KeyPair>> KeepAsync(
        PortalDb db,
        Actor actor,
        string name,
        string publicKey,
        string fallback,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var parsed = SshPublicKey.Parse(publicKey);
        if (parsed.Value is not { } key)
        {
            return parsed.Refusal!;
        }

        if (
            await db.KeyPairs.FirstOrDefaultAsync(old => old.AccountId == actor.AccountId && old.Fingerprint == key.Fingerprint, ct) is
            { } known
        )
        {
            return known;
        }

        if ((await WhyNotAnotherAsync(db, actor, ct) ?? await db.WhyNotProvenAsync(actor, now, ct)) is { } refusal)
        {
            return refusal;
        }

        var wanted = new[] { name, key.Comment, fallback }.Select(text => text.Trim()).First(text => ResourceName.Check(text).IsDone);
        var taken = await db.KeyPairs.Where(old => old.AccountId == actor.AccountId).Select(old => old.Name).ToListAsync(ct);
        var made = new KeyPair
        {
            Id = ResourceIds.New("key"),
            AccountId = actor.AccountId,
            Name = Unlike(taken, wanted),
            CreatedAt = now,
            PublicKey = key.Line,
            Fingerprint = key.Fingerprint,
        };
        db.KeyPairs.Add(made);
        db.AuditEntries.Add(actor.Audit(now, "ImportKeyPair", made.Id, after: new { made.Name, made.Fingerprint }));
        await db.TellMadeAsync(actor, $"The SSH key {made.Name} was added", "delete it on the page SSH keys", now, ct);
        return made;
    }

    private static async Task<Refusal?> WhyNotAnotherAsync(PortalDb db, Actor actor, CancellationToken ct) =>
        await db.KeyPairs.CountAsync(key => key.AccountId == actor.AccountId, ct) >= Most
            ? Refusal.Limit($"You have {Most} keys, which is the most there can be. Delete one that you no longer need.")
            : null;

    private static string Unlike(List<string> taken, string name)
    {
        var stem = name.Length > 240 ? name[..240] : name;
        return Enumerable.Range(2, taken.Count + 1).Select(n => $"{stem}-{n}").Prepend(name).First(candidate => !taken.Contains(candidate));
    }
}
