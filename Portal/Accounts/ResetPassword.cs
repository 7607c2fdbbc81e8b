using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// A new password by mail, for a confirmed address only: an unconfirmed one may have been claimed by a stranger. Whoever asks for it may want
/// to shut somebody out, so sessions and passkeys go too; a passkey would let a thief in past the new password and the second factor.
/// </summary>
public sealed class ResetPassword(PortalDb db, UserManager<User> users, AccountMails mails, SessionList sessions, KnownDevices devices, FreshProof proof, Guesses guesses, TimeProvider clock)
{
    public const string CodeMissing = "Operators also enter a code of their authenticator app, or a recovery code.";

    /// <summary>What the code's field shows for one who has no app.</summary>
    public const string NotByMail = "An operator's password is not reset by mail alone. Sign in with your passkey, or run reset-operator-factor on the machine.";

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
        }
    }

    public async Task<Outcome> RunAsync(string? userId, string? code, string password, string? factor, HttpContext http)
    {
        var ct = http.RequestAborted;
        if (AccountMails.TokenOf(code) is not { } token || !Guid.TryParse(userId, out var id) || await db.Users.FindAsync([id], ct) is not { } user)
        {
            return Outcome.Refused(Useless);
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!(await users.ResetPasswordAsync(user, token, password)).Succeeded)
        {
            return Outcome.Refused(Useless);
        }

        if (user.IsOperator && await WhyNotFactorAsync(user, factor ?? "", ct) is { } reason)
        {
            return Outcome.Refused(reason);
        }

        var removed = await users.RemoveAllPasskeysAsync(user);
        await sessions.RevokeAllAsync(user.Id, except: null, ct);

        // The mailbox proves the owner: whatever strangers try meanwhile, this browser may sign in.
        await devices.RememberAsync(user, ct);
        db.Add(new Actor(user.AccountId, user.Id, user.Email!, http.Connection.RemoteIpAddress).Audit(clock.GetUtcNow(), "ResetPassword", null, after: new { RemovedPasskeys = removed }));
        mails.TellChange(user, removed == 0 ? "The password was changed" : "The password was changed, and all passkeys removed,");
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <summary>A mailbox alone opens no operator's console. The transaction is not committed, so the link stays good.</summary>
    private async Task<string?> WhyNotFactorAsync(User user, string typed, CancellationToken ct)
    {
        var code = new string([.. typed.Where(c => !char.IsWhiteSpace(c))]);
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
            return $"Too many wrong codes. Wait {Guess.InWords(guess.Wait)}.";
        }

        if (!await proof.IsCodeAsync(user, code))
        {
            return "That code is not right, or it was used already.";
        }

        await guess.RightAsync();
        return null;
    }
}
