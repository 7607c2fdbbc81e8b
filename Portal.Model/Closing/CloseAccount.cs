using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Closing;

/// <summary>
/// Closes an account for good: from the commit on nobody signs in to it, nothing can be made in it, and the worker takes apart what it has.
/// What was used, billed and done stays, as the law wants it (docs/decisions/closing.md).
/// </summary>
public sealed class CloseAccount(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <param name="actor">Somebody of the account.</param>
    /// <param name="followAt">Where the removal can be looked at without signing in, for the mail.</param>
    public async Task<Outcome> RunAsync(Actor actor, string followAt, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        var (contents, users) = (
            await AccountContents.OfAsync(db, account.Id, ct),
            await db.Users.Where(user => user.AccountId == account.Id).OrderBy(user => user.CreatedAt).ToListAsync(ct)
        );
        if (WhyNot(account, users, contents) is { } reason)
        {
            return Refusal.State(reason);
        }

        var (now, before) = (clock.GetUtcNow(), new { account.Status });
        account.RequestClose(users.Find(user => user.EmailConfirmed)?.Email, now);
        db.AuditEntries.Add(
            actor.Audit(now, "CloseAccount", account.Id, before, new { account.Status, Removing = AuditDetails(contents) })
        );
        db.Mails.AddRange(users.Where(user => user.EmailConfirmed).Select(user => Begun(user, followAt, now)));
        await RetireAsync(db, users, now, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <summary>Why it cannot be closed; null if it can.</summary>
    public static string? WhyNot(Account account, IReadOnlyCollection<User> users, AccountContents contents) =>
        account.WhyNotClose
        ?? (
            users.Any(user => user.IsOperator)
                ? "An operator of Portal signs in with this account, and an operator's account is not closed."
                : null
        )
        ?? contents.WhyNot;

    /// <summary>Everything by which somebody of the account could come back.</summary>
    private static async Task RetireAsync(PortalDb db, List<User> users, DateTimeOffset now, CancellationToken ct)
    {
        users.ForEach(user => user.Retire());
        var ids = users.ConvertAll(user => user.Id);
        await db.UserPasskeys.Where(passkey => ids.Contains(passkey.UserId)).ExecuteDeleteAsync(ct);
        await db.UserTokens.Where(token => ids.Contains(token.UserId)).ExecuteDeleteAsync(ct);
        await db.KnownDevices.Where(device => ids.Contains(device.UserId)).ExecuteDeleteAsync(ct);
        await db.SignInChanges.Where(change => ids.Contains(change.UserId)).ExecuteDeleteAsync(ct);
        await db.FactorRemovals.Where(removal => ids.Contains(removal.UserId)).ExecuteDeleteAsync(ct);
        await db
            .Sessions.Where(session => ids.Contains(session.UserId) && session.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
    }

    private static Mail Begun(User user, string followAt, DateTimeOffset now) =>
        Mail.Write(
            user.AccountId,
            user.Email!,
            "Your Portal account is being closed",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Your Portal account {user.AccountId} was closed at {now:yyyy-MM-dd HH:mm} UTC. Everything in it is being removed for good; nobody can sign in to it any more."
            ),
            ("Follow the removal", followAt),
            "You get one more mail with the last bill when everything is gone. If it was not you, answer this mail at once: what is removed cannot be brought back.",
            now
        );

    private static object AuditDetails(AccountContents contents) =>
        new
        {
            contents.Instances,
            contents.Volumes,
            contents.Snapshots,
            contents.Images,
            contents.Buckets,
            contents.Objects,
            contents.Networks,
            contents.Addresses,
            contents.AccessKeys,
            contents.KeyPairs,
        };
}
