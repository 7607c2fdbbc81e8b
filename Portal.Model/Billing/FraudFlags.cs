using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// Card numbers that turned out to be stolen or misused, by their fingerprints. A flagged one is refused everywhere at once: where it is
/// entered again, and where it was accepted before anybody knew. Each method works within the caller's transaction.
/// </summary>
public static class FraudFlags
{
    /// <summary>One sentence for every reason that has to do with fraud: the bank asks that the person be told nothing more.</summary>
    public const string NotHere = "This card cannot be used here. Use another card.";

    /// <summary>For an account that had it already, and what that means for it.</summary>
    public const string NoLonger =
        "This card can no longer be used here and was taken off your account. What runs goes on and is billed; add another card so that the bill can be paid.";

    /// <summary>
    /// Waits for whoever flags or takes in the same number, before any account is locked. What is asked afterwards sees what that one did.
    /// </summary>
    public static Task LockAsync(PortalDb db, string fingerprint, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({"fingerprint " + fingerprint}, 0))", ct);

    public static Task<bool> IsFlaggedAsync(PortalDb db, string fingerprint, CancellationToken ct) =>
        db.FlaggedFingerprints.AnyAsync(flagged => flagged.Fingerprint == fingerprint, ct);

    /// <summary>Flags the number and takes it off every account that has it as a valid card.</summary>
    public static async Task FlagAsync(PortalDb db, string fingerprint, string reason, DateTimeOffset now, CancellationToken ct)
    {
        await LockAsync(db, fingerprint, ct);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "FlaggedFingerprints" ("Fingerprint", "Reason", "At") VALUES ({fingerprint}, {reason}, {now}) ON CONFLICT DO NOTHING
            """,
            ct
        );
        var known = db.Cards.Where(card => card.Fingerprint == fingerprint && card.State == CardState.Valid);

        // In one order, so that two numbers that are flagged at once do not wait for each other.
        foreach (var account in await known.Select(card => card.AccountId).Distinct().Order().ToListAsync(ct))
        {
            await db.LockAccountAsync(account, ct);
            foreach (var card in await known.Where(card => card.AccountId == account).ToListAsync(ct))
            {
                await CardKeeping.BlockAsync(db, Actor.Portal(account), card, now, ct);
            }
        }
    }
}
