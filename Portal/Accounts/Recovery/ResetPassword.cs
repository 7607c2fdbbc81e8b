using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// A new password by mail, for a confirmed address only: an unconfirmed one may have been claimed by a stranger. Whoever asks for it may
/// want to shut somebody out, so sessions and passkeys go too; a passkey would let a thief in past the new password and the second factor.
/// </summary>
public sealed class ResetPassword(
    PortalDb db,
    UserManager<User> users,
    AccountMails mails,
    LostFactor lost,
    SessionList sessions,
    KnownDevices devices,
    FreshProof proof,
    Guesses guesses,
    SecurityEvents events,
    IHttpContextAccessor accessor
)
{
    private const string CodeMissing = "Operators also enter a code of their authenticator app, or a recovery code.";

    private const string NotByMail =
        "An operator's password is not reset by mail alone. Sign in with your passkey, or run reset-operator-factor on the machine.";

    private const string Useless = "This link is older than a day or was used already.";

    public async Task AskAsync(string email, CancellationToken ct)
    {
        var normalized = users.NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct) is { } user)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await mails.OfferResetAsync(user, ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            await NoteAsync(user, SecurityEvent.AskPasswordReset, ct);
        }
    }

    /// <returns>Null if it is done.</returns>
    public async Task<ResetRefusal?> RunAsync(string? userId, string? code, string password, string? factor, HttpContext http)
    {
        var ct = http.RequestAborted;
        if (
            AccountMails.TokenOf(code) is not { } token
            || !Guid.TryParse(userId, out var id)
            || await db.Users.FindAsync([id], ct) is not { } user
        )
        {
            return new ResetRefusal(Useless);
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var answer = await users.ResetPasswordAsync(user, token, password);
        if (!answer.Succeeded)
        {
            if (answer.Errors.FirstOrDefault(error => error.Code == Passwords.Refused) is { } weak)
            {
                return new ResetRefusal(weak.Description, IsOfPassword: true);
            }

            await NoteAsync(user, SecurityEvent.FailedReset, ct);
            return new ResetRefusal(Useless);
        }

        if (user.IsOperator && await WhyNotFactorAsync(user, factor ?? "", ct) is { } reason)
        {
            return new ResetRefusal(reason, IsOfFactor: true);
        }

        await FirstPassword.ForgetAsync(db, user.Id, ct);
        var undo = await lost.RemoveAsync(user, http.Connection.RemoteIpAddress, ct);
        var removed = await users.RemoveAllPasskeysAsync(user);
        await sessions.RevokeAllAsync(user.Id, except: null, ct);

        // The mailbox proves the owner: whatever strangers try meanwhile, this browser may sign in. Not where a second factor is still to
        // come: who reads the mailbox alone guesses at that as a stranger.
        if (user.IsOperator || !user.TwoFactorEnabled)
        {
            await devices.RememberAsync(user, ct);
        }

        db.Add(
            events.Write(
                new Actor(user.AccountId, user.Id, user.Email!, http.Connection.RemoteIpAddress),
                SecurityEvent.ResetPassword,
                after: new { RemovedPasskeys = removed }
            )
        );
        mails.TellChange(user, removed == 0 ? "The password was changed" : "The password was changed, and all passkeys removed,");
        if (undo is not null)
        {
            mails.TellChange(user, "The second factor was removed", undo);
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return null;
    }

    /// <summary>A mailbox alone opens no operator's console. The transaction is not committed, so the link stays good.</summary>
    private async Task<string?> WhyNotFactorAsync(User user, string typed, CancellationToken ct)
    {
        var code = FactorCode.Of(typed);
        if (!user.TwoFactorEnabled)
        {
            return NotByMail;
        }

        if (code.Length == 0)
        {
            return CodeMissing;
        }

        var guess = await guesses.BeginAsync(GuessedAt.Code, user.Id, ct);
        if (!guess.IsAllowed)
        {
            await NoteAsync(user, SecurityEvent.ThrottledCode, ct);
            return FactorCode.TooMany(guess);
        }

        if (!await proof.IsCodeAsync(user, code))
        {
            await NoteAsync(user, SecurityEvent.FailedCode, ct);
            return FactorCode.Wrong;
        }

        await guess.RightAsync();
        return null;
    }

    private Task NoteAsync(User user, SecurityEvent what, CancellationToken ct) =>
        events.NoteAsync(Actor.Stranger(user.AccountId, accessor.HttpContext?.Connection.RemoteIpAddress), what, ct);
}

/// <summary>Why a password was not reset.</summary>
/// <param name="IsOfPassword">Whether another password would do; what it has to do with its owner is known to whoever has the link.</param>
/// <param name="IsOfFactor">Whether the link is still good and a code is wanted besides.</param>
public sealed record ResetRefusal(string Reason, bool IsOfPassword = false, bool IsOfFactor = false);
