using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// A new password by mail, for a confirmed address only: an unconfirmed one may have been claimed by a stranger. Whoever asks for it may want
/// to shut somebody out, so sessions and passkeys go too; a passkey would let a thief in past the new password and the second factor.
/// </summary>
public sealed class ResetPassword(PortalDb db, UserManager<User> users, AccountMails mails, SessionList sessions, KnownDevices devices, SecurityEvents events, IHttpContextAccessor accessor)
{
    public const string Useless = "This link is older than a day or was used already.";

    public async Task AskAsync(string email, CancellationToken ct)
    {
        var normalized = users.NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct) is { } user)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await mails.OfferResetAsync(user, ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            await events.NoteAsync(Actor.Stranger(user.AccountId, accessor.HttpContext?.Connection.RemoteIpAddress), SecurityEvent.AskPasswordReset, ct);
        }
    }

    public async Task<Outcome> RunAsync(string? userId, string? code, string password, HttpContext http)
    {
        var ct = http.RequestAborted;
        if (AccountMails.TokenOf(code) is not { } token || !Guid.TryParse(userId, out var id) || await db.Users.FindAsync([id], ct) is not { } user)
        {
            return Outcome.Refused(Useless);
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var answer = await users.ResetPasswordAsync(user, token, password);
        if (!answer.Succeeded)
        {
            return Outcome.Refused(answer.Errors.FirstOrDefault(error => error.Code == Passwords.Refused)?.Description ?? Useless);
        }

        var removed = await users.RemoveAllPasskeysAsync(user);
        await sessions.RevokeAllAsync(user.Id, except: null, ct);

        // The mailbox proves the owner: whatever strangers try meanwhile, this browser may sign in.
        await devices.RememberAsync(user, ct);
        db.Add(events.Write(new Actor(user.AccountId, user.Id, user.Email!, http.Connection.RemoteIpAddress), SecurityEvent.ResetPassword, after: new { RemovedPasskeys = removed }));
        mails.TellChange(user, removed == 0 ? "The password was changed" : "The password was changed, and all passkeys removed,");
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }
}
