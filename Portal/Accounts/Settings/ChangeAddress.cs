using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Another e-mail address: it takes the password, and a link that only the new mailbox gets, opened by who asked. The old mailbox is told
/// and can take it back for a week: a thief who has both session and password would otherwise own the account for good.
/// </summary>
public sealed class ChangeAddress(
    PortalDb db,
    UserManager<User> users,
    OwnAccount own,
    PortalSignIn signIn,
    SessionList sessions,
    AccountMails mails,
    AttemptLimits limits,
    SecurityEvents events,
    IHttpContextAccessor accessor,
    TimeProvider clock
)
{
    private const string Useless = "This link is older than a day, was used already or belongs to another account.";
    private const string UselessUndo = "This link is older than a week or was used already.";
    private const string Taken = "This address belongs to another account. Sign in to that one, or use another address.";

    private HttpContext Http => accessor.HttpContext!;

    private CancellationToken Aborted => Http.RequestAborted;

    /// <returns>The same whether the address is another's or not.</returns>
    public async Task<Outcome> AskAsync(User user, string? typed, string password)
    {
        if (EmailAddress.WhyNot(typed) is { } reason)
        {
            return Outcome.Refused(reason);
        }

        var wanted = MailboxNames.Kept(typed!);
        if (users.NormalizeEmail(wanted) == user.NormalizedEmail)
        {
            return Outcome.Refused("That is your address already.");
        }

        if (await own.WhyNotPasswordAsync(user, password) is { } wrong)
        {
            return Outcome.Refused(wrong);
        }

        if (!await limits.TryTakeAsync(wanted, Http.Connection.RemoteIpAddress, Aborted))
        {
            return Outcome.Refused("Too many attempts with this address. Try again in five minutes.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        await mails.AskToChangeAsync(user, wanted, Aborted);
        db.Add(events.Write(own.Actor, SecurityEvent.AskAddressChange, after: new { Email = new Personal(MailDomain.Shown(wanted)) }));
        await db.SaveChangesAsync(Aborted);
        await transaction.CommitAsync(Aborted);
        return Outcome.Done;
    }

    /// <summary>The link of the mail to the new address.</summary>
    public async Task<Outcome> ConfirmAsync(string? to, string? code)
    {
        if (AccountMails.TokenOf(to) is not { Length: > 0 } wanted || AccountMails.TokenOf(code) is not { } token)
        {
            return Outcome.Refused(Useless);
        }

        var (user, now) = (await own.LoadAsync(), clock.GetUtcNow());
        var (old, wasConfirmed, secret) = (user.Email!, user.EmailConfirmed, AddressChange.NewSecret());
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Aborted);

            // What somebody does whom only an unconfirmed address knows is nobody's business: it may be a stranger's.
            if (wasConfirmed)
            {
                var change = new AddressChange
                {
                    Id = Guid.CreateVersion7(now),
                    UserId = user.Id,
                    AccountId = user.AccountId,
                    Old = old,
                    At = now,
                    HadSecondFactor = user.TwoFactorEnabled,
                    UndoKey = AddressChange.KeyOf(secret),
                };
                db.Add(change);
                if (change.HadSecondFactor)
                {
                    await FactorBefore.KeepAsync(db, change, Aborted);
                }
            }

            if (!(await users.ChangeEmailAsync(user, wanted, token)).Succeeded)
            {
                return Outcome.Refused(Useless);
            }

            if (wasConfirmed)
            {
                mails.TellAddressChanged(user, old, secret);
            }

            db.Add(
                events.Write(
                    own.Actor,
                    SecurityEvent.ChangeAddress,
                    before: new { Email = new Personal(MailDomain.Shown(old)) },
                    after: new { Email = new Personal(MailDomain.Shown(wanted)) }
                )
            );
            await RenameAsync(user, old);
            await sessions.RevokeAllAsync(user.Id, own.CurrentSession, Aborted);
            await db.SaveChangesAsync(Aborted);
            await transaction.CommitAsync(Aborted);
        }
        catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Outcome.Refused(Taken);
        }

        await signIn.RefreshSignInAsync(user);
        return Outcome.Done;
    }

    /// <summary>
    /// The link of the mail to the old address: all is as before the change, but that no password, passkey or session opens the account any
    /// more. An authenticator app that came after it is gone, and the one of before is back, whatever was done to it since: the owner is
    /// not shut out, and whoever reads only the old mailbox does not come in.
    /// </summary>
    /// <returns>Where to choose a new password.</returns>
    public async Task<Outcome<string>> UndoAsync(string? secret)
    {
        var (key, now) = (AddressChange.KeyOf(secret ?? ""), clock.GetUtcNow());
        var change = await db.AddressChanges.AsNoTracking().SingleOrDefaultAsync(change => change.UndoKey == key, Aborted);
        if (change?.CanBeUndone(now) is not true || await db.Users.FindAsync([change.UserId], Aborted) is not { } user)
        {
            return Outcome.Refused(UselessUndo);
        }

        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Aborted);

            // The changes after it are undone with it: their mailboxes have no say any more.
            if (
                await db
                    .AddressChanges.Where(one => one.UserId == user.Id && one.At >= change.At && one.UndoneAt == null)
                    .ExecuteUpdateAsync(set => set.SetProperty(one => one.UndoneAt, now), Aborted) == 0
            )
            {
                return Outcome.Refused(UselessUndo);
            }

            var from = user.Email!;
            (user.Email, user.EmailConfirmed, user.PasswordHash) = (change.Old, true, null);
            if (!change.HadSecondFactor)
            {
                await users.SetTwoFactorEnabledAsync(user, false);
                await users.ResetAuthenticatorKeyAsync(user);
            }
            else if (await FactorBefore.RestoreAsync(db, change, Aborted))
            {
                await users.SetTwoFactorEnabledAsync(user, true);
            }

            var removed = await users.RemoveAllPasskeysAsync(user);
            await users.UpdateNormalizedEmailAsync(user);
            await users.UpdateSecurityStampAsync(user);
            await sessions.RevokeAllAsync(user.Id, except: null, Aborted);
            await RenameAsync(user, from);
            var actor = new Actor(user.AccountId, user.Id, change.Old, Http.Connection.RemoteIpAddress);
            db.Add(
                events.Write(
                    actor,
                    SecurityEvent.UndoAddressChange,
                    before: new { Email = new Personal(MailDomain.Shown(from)) },
                    after: new { Email = new Personal(MailDomain.Shown(change.Old)), RemovedPasskeys = removed }
                )
            );
            await db.SaveChangesAsync(Aborted);
            await transaction.CommitAsync(Aborted);
        }
        catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Outcome.Refused(Taken);
        }

        return await mails.ResetPageAsync(user);
    }

    /// <summary>An account that was called by the address is called by the new one.</summary>
    private Task<int> RenameAsync(User user, string old) =>
        db
            .Accounts.Where(account => account.Id == user.AccountId && account.Name == MailDomain.Shown(old))
            .ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, MailDomain.Shown(user.Email!)), Aborted);
}
