using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// The way back from a change of how somebody signs in, by a link that only the mailbox of before gets: for a thief who has both session
/// and password, who would otherwise own the account for good by an address or a second factor of his own.
/// </summary>
public sealed class UndoChange(
    PortalDb db,
    UserManager<User> users,
    SessionList sessions,
    AccountMails mails,
    SecurityEvents events,
    IHttpContextAccessor accessor,
    TimeProvider clock
)
{
    private const string Useless = "This link is older than a week or was used already.";
    private const string Taken = "This address belongs to another account. Sign in to that one, or use another address.";

    private HttpContext Http => accessor.HttpContext!;

    private CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Before the change, and in its transaction: sets aside how it was. The secret of the link.</summary>
    public async Task<string> KeepAsync(User user)
    {
        var (now, secret) = (clock.GetUtcNow(), SignInChange.NewSecret());
        var change = new SignInChange
        {
            Id = Guid.CreateVersion7(now),
            UserId = user.Id,
            AccountId = user.AccountId,
            Old = user.Email!,
            At = now,
            HadSecondFactor = user.TwoFactorEnabled,
            UndoKey = SignInChange.KeyOf(secret),
        };
        db.Add(change);
        if (change.HadSecondFactor)
        {
            await FactorBefore.KeepAsync(db, change, Aborted);
        }

        return secret;
    }

    /// <summary>
    /// The same of a change of the second factor or the passkeys. Null where nobody hears of it, and for operators: a mailbox alone takes
    /// no operator's factor away.
    /// </summary>
    public async Task<string?> KeepFactorAsync(User user) =>
        user is { EmailConfirmed: true, IsOperator: false } ? await KeepAsync(user) : null;

    /// <summary>
    /// The link of the mail: all is as before the change, but that no password, passkey or session opens the account any more. The second
    /// factor is the one of a week before the change: whoever changes the address may have turned on his own first. The owner is not shut
    /// out, and whoever reads only the old mailbox does not come in.
    /// </summary>
    /// <returns>Where to choose a new password.</returns>
    public async Task<Outcome<string>> RunAsync(string? secret)
    {
        var (key, now) = (SignInChange.KeyOf(secret ?? ""), clock.GetUtcNow());
        var change = await db.SignInChanges.AsNoTracking().SingleOrDefaultAsync(change => change.UndoKey == key, Aborted);
        if (change?.CanBeUndone(now) is not true || await db.Users.FindAsync([change.UserId], Aborted) is not { } user)
        {
            return Refusal.NotFound(Useless);
        }

        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
            var since = change.At - SignInChange.UndoneWithin;
            var first = await db
                .SignInChanges.AsNoTracking()
                .Where(one => one.UserId == user.Id && one.UndoneAt == null && one.At > since && one.At <= change.At)
                .OrderBy(one => one.At)
                .FirstOrDefaultAsync(Aborted);

            // The changes after it are undone with it: their mailboxes have no say any more. Of those before it only what the same mailbox
            // was told: a thief who undoes his own leaves the owner's link as it is.
            if (
                first is null
                || await db
                    .SignInChanges.Where(one =>
                        one.UserId == user.Id && one.UndoneAt == null && (one.At >= change.At || (one.At > since && one.Old == change.Old))
                    )
                    .ExecuteUpdateAsync(set => set.SetProperty(one => one.UndoneAt, now), Aborted) == 0
            )
            {
                return Refusal.NotFound(Useless);
            }

            var from = user.Email!;
            (user.Email, user.EmailConfirmed, user.PasswordHash) = (change.Old, true, null);
            await PutFactorBackAsync(user, first);
            await FactorBefore.ForgetAsync(db, user.Id, now, Aborted);
            var removed = await users.RemoveAllPasskeysAsync(user);
            await users.UpdateNormalizedEmailAsync(user);
            await users.UpdateSecurityStampAsync(user);
            await sessions.RevokeAllAsync(user.Id, except: null, Aborted);
            await RenameAsync(user, from);
            var actor = new Actor(user.AccountId, user.Id, change.Old, Http.Connection.RemoteIpAddress);
            db.Add(
                events.Write(
                    actor,
                    from == change.Old ? SecurityEvent.UndoFactorChange : SecurityEvent.UndoAddressChange,
                    before: new { Email = new Personal(MailDomain.Shown(from)) },
                    after: new
                    {
                        Email = new Personal(MailDomain.Shown(change.Old)),
                        SecondFactor = user.TwoFactorEnabled,
                        RemovedPasskeys = removed,
                    }
                )
            );
            await db.SaveChangesAsync(Aborted);
            await transaction.CommitAsync(Aborted);
        }
        catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Duplicate(Taken);
        }

        return await mails.ResetPageAsync(user);
    }

    /// <summary>An account that was called by the address is called by the new one.</summary>
    public Task<int> RenameAsync(User user, string old) =>
        db
            .Accounts.Where(account => account.Id == user.AccountId && account.Name == MailDomain.Shown(old))
            .ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, MailDomain.Shown(user.Email!)), Aborted);

    private async Task PutFactorBackAsync(User user, SignInChange before)
    {
        if (!before.HadSecondFactor)
        {
            await users.SetTwoFactorEnabledAsync(user, false);
            await users.ResetAuthenticatorKeyAsync(user);
        }
        else if (await FactorBefore.RestoreAsync(db, before, Aborted))
        {
            await users.SetTwoFactorEnabledAsync(user, true);
        }
    }
}
