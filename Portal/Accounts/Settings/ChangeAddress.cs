using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Another e-mail address: it takes the password, and a link that only the new mailbox gets, opened by who asked. The old mailbox is told
/// and can take it back for a week (<see cref="UndoChange"/>): a thief who has both session and password would otherwise own the account
/// for good.
/// </summary>
public sealed class ChangeAddress(
    PortalDb db,
    UserManager<User> users,
    OwnAccount own,
    PortalSignIn signIn,
    SessionList sessions,
    AccountMails mails,
    UndoChange undo,
    AttemptLimits limits,
    SecurityEvents events,
    IHttpContextAccessor accessor
)
{
    private const string Useless = "This link is older than a day, was used already or belongs to another account.";
    private const string Taken = "This address belongs to another account. Sign in to that one, or use another address.";

    private HttpContext Http => accessor.HttpContext!;

    private CancellationToken Aborted => Http.RequestAborted;

    /// <returns>The same whether the address is another's or not.</returns>
    public async Task<Outcome> AskAsync(User user, string? typed, string password)
    {
        if (EmailAddress.WhyNot(typed) is { } reason)
        {
            return Refusal.Invalid(reason);
        }

        var wanted = MailboxNames.Kept(typed!);
        if (users.NormalizeEmail(wanted) == user.NormalizedEmail)
        {
            return Refusal.Duplicate("That is your address already.");
        }

        if (await own.WhyNotPasswordAsync(user, password) is { } wrong)
        {
            return wrong;
        }

        if (!await limits.TryTakeAsync(wanted, Http.Connection.RemoteIpAddress, Aborted))
        {
            return Refusal.Limit("Too many attempts with this address. Try again in five minutes.");
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
            return Refusal.NotFound(Useless);
        }

        var user = await own.LoadAsync();
        var (old, wasConfirmed) = (user.Email!, user.EmailConfirmed);
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Aborted);

            // What somebody does whom only an unconfirmed address knows is nobody's business: it may be a stranger's.
            var secret = wasConfirmed ? await undo.KeepAsync(user) : null;
            if (!(await users.ChangeEmailAsync(user, wanted, token)).Succeeded)
            {
                return Refusal.NotFound(Useless);
            }

            if (secret is not null)
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
            await undo.RenameAsync(user, old);
            await sessions.RevokeAllAsync(user.Id, own.CurrentSession, Aborted);
            await db.SaveChangesAsync(Aborted);
            await transaction.CommitAsync(Aborted);
        }
        catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Duplicate(Taken);
        }

        await signIn.RefreshSignInAsync(user);
        return Outcome.Done;
    }
}
