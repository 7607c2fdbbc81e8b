using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// What a person changes of the own sign-in. Whatever would let somebody in later wants the password, which a stolen session does not hold.
/// Each change is audited, mailed to the owner and ends the other sessions where it should.
/// </summary>
public sealed class OwnAccount(
    PortalDb db,
    UserManager<User> users,
    PortalSignIn signIn,
    SessionList sessions,
    AccountMails mails,
    Guesses guesses,
    FreshProof proof,
    UndoChange undo,
    SecurityEvents events,
    IHttpContextAccessor accessor
)
{
    public const int RecoveryCodes = 10;

    private HttpContext Http => accessor.HttpContext!;

    private CancellationToken Aborted => Http.RequestAborted;

    public async Task<User> LoadAsync() =>
        await users.GetUserAsync(Http.User) ?? throw new UnauthorizedAccessException("Nobody is signed in.");

    public async Task<Outcome> ChangePasswordAsync(User user, string current, string wanted, bool removesPasskeys)
    {
        if (await WhyNotPasswordAsync(user, current) is { } refusal)
        {
            return refusal;
        }

        if (string.Equals(current, wanted, StringComparison.Ordinal))
        {
            return Refusal.Invalid("That is your password already: choose another one.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        var answer = await users.ChangePasswordAsync(user, current, wanted);
        if (!answer.Succeeded)
        {
            return Refusal.Invalid(
                answer.Errors.FirstOrDefault(error => error.Code == Passwords.Refused)?.Description ?? "Choose another password."
            );
        }

        await FirstPassword.ForgetAsync(db, user.Id, Aborted);
        var removed = removesPasskeys ? await users.RemoveAllPasskeysAsync(user) : 0;
        await WriteDownAsync(
            user,
            SecurityEvent.ChangePassword,
            removed == 0 ? "The password was changed" : "The password was changed, and all passkeys removed,",
            new { RemovedPasskeys = removed }
        );
        await transaction.CommitAsync(Aborted);
        return Outcome.Done;
    }

    /// <summary>The secret for the authenticator app that is being set up.</summary>
    public async Task<string> AuthenticatorKeyAsync(User user) =>
        await users.GetAuthenticatorKeyAsync(user) ?? await NewAuthenticatorKeyAsync(user);

    /// <summary>
    /// Another one for each look, since who had looked before would know the codes of what is set up later; nothing depends on it until a
    /// code of it was entered.
    /// </summary>
    public async Task<string> NewAuthenticatorKeyAsync(User user)
    {
        // Not ResetAuthenticatorKeyAsync: that would sign out every browser for looking at a page.
        var key = users.GenerateNewAuthenticatorKey();
        await users.SetAuthenticationTokenAsync(user, PortalUsers.Internal, PortalUsers.AppKey, key);
        return key;
    }

    /// <returns>The recovery codes, which are shown this once.</returns>
    public async Task<Outcome<string[]>> EnableSecondFactorAsync(User user, string code, string password)
    {
        if (await WhyNotPasswordAsync(user, password) is { } refusal)
        {
            return refusal;
        }

        var digits = new string([.. code.Where(char.IsAsciiDigit)]);
        var guess = await guesses.BeginAsync(GuessedAt.Code, CurrentSession ?? user.Id, Aborted);
        if (!guess.IsAllowed)
        {
            await events.NoteAsync(Actor, SecurityEvent.ThrottledCode, Aborted);
            return Refusal.Limit(FactorCode.TooMany(guess));
        }

        if (!await users.VerifyTwoFactorTokenAsync(user, users.Options.Tokens.AuthenticatorTokenProvider, digits))
        {
            await events.NoteAsync(Actor, SecurityEvent.FailedCode, Aborted);
            return Refusal.Forbidden("That code is incorrect. Check your phone's clock and enter the latest code.");
        }

        await guess.RightAsync();
        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        var secret = await undo.KeepFactorAsync(user);
        await users.SetTwoFactorEnabledAsync(user, true);
        var codes = await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes);
        await proof.KeepFactorAsync();
        await WriteDownAsync(user, SecurityEvent.EnableSecondFactor, "A second factor was turned on", secret: secret);
        await transaction.CommitAsync(Aborted);
        return codes!.ToArray();
    }

    public async Task<Outcome> DisableSecondFactorAsync(User user, string password)
    {
        if (await WhyNotPasswordAsync(user, password) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        var secret = await undo.KeepFactorAsync(user);
        await users.SetTwoFactorEnabledAsync(user, false);
        await users.ResetAuthenticatorKeyAsync(user);
        await WriteDownAsync(user, SecurityEvent.DisableSecondFactor, "The second factor was turned off", secret: secret);
        await transaction.CommitAsync(Aborted);
        return Outcome.Done;
    }

    public async Task<Outcome<string[]>> NewRecoveryCodesAsync(User user, string password)
    {
        if (await WhyNotPasswordAsync(user, password) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        var secret = await undo.KeepFactorAsync(user);
        var codes = await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes);
        db.Add(events.Write(Actor, SecurityEvent.NewRecoveryCodes));
        mails.TellChange(user, "New recovery codes were made", secret);
        await db.SaveChangesAsync(Aborted);
        await transaction.CommitAsync(Aborted);
        return codes!.ToArray();
    }

    public async Task RevokeOthersAsync(User user)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(Aborted);
        if (await sessions.RevokeAllAsync(user.Id, CurrentSession, Aborted) > 0)
        {
            db.Add(events.Write(Actor, SecurityEvent.RevokeOtherSessions));
            await db.SaveChangesAsync(Aborted);
            await transaction.CommitAsync(Aborted);
        }
    }

    public Guid? CurrentSession => Guid.TryParse(Http.User.FindFirstValue(AccountClaims.Session), out var id) ? id : null;

    public Actor Actor => CurrentActor.Of(Http.User, Http.Connection.RemoteIpAddress);

    /// <inheritdoc cref="FreshProof.WhyNotPasswordAsync"/>
    public Task<Refusal?> WhyNotPasswordAsync(User user, string password) => proof.WhyNotPasswordAsync(user, password);

    // The security stamp has changed with what was done: the other sessions end, this one gets a new cookie.
    private async Task WriteDownAsync(User user, SecurityEvent what, string mail, object? after = null, string? secret = null)
    {
        await sessions.RevokeAllAsync(user.Id, CurrentSession, Aborted);
        db.Add(events.Write(Actor, what, after: after));
        mails.TellChange(user, mail, secret);
        await db.SaveChangesAsync(Aborted);
        await signIn.RefreshSignInAsync(user);
    }
}
