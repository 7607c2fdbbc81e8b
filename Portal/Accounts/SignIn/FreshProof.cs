using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// That it is still the owner who sits there: a password, a code or a passkey within the last minutes, kept with the session and in the
/// cookie that it brings. Whoever has only got hold of an earlier cookie can give none, and has no part in the owner's. What changes how
/// somebody signs in asks for it, and everything that an operator changes. Who has a second factor gives that.
/// </summary>
public sealed class FreshProof(
    PortalDb db,
    UserManager<User> users,
    PortalSignIn signIn,
    Guesses guesses,
    SecurityEvents events,
    LostFactor lost,
    IHttpContextAccessor accessor,
    TimeProvider clock
)
{
    public const string FactorFirst =
        "This takes your passkey or a code as well, and you gave the last one more than 15 minutes ago. Open this page again: it asks for it.";

    private const string WrongPassword = "That is not your current password.";

    private HttpContext Http => accessor.HttpContext!;

    private Actor Actor => CurrentActor.Of(Http.User, Http.Connection.RemoteIpAddress);

    private Guid? SessionId => SessionCookie.SessionOf(Http.User);

    public static string PageFor(string returnUrl) => $"/proof?returnUrl={Uri.EscapeDataString(returnUrl)}";

    public Task<bool> HasFactorAsync(User user) =>
        db.WithFactor().AnyAsync(known => known.User.Id == user.Id && known.HasFactor, Http.RequestAborted);

    /// <summary>Whether the password alone proves nothing: of whom the sign-in asks for a code besides, and of operators.</summary>
    public async Task<bool> WantsFactorAsync(User user) => user.TwoFactorEnabled || (user.IsOperator && await HasFactorAsync(user));

    /// <summary>Whether nothing more need be asked before a change of how <paramref name="user"/> signs in.</summary>
    public async Task<bool> IsFreshAsync(User user)
    {
        var now = clock.GetUtcNow();
        return await db.Sessions.AsNoTracking().SingleOrDefaultAsync(session => session.Id == SessionId, Http.RequestAborted) is { } session
            && (await WantsFactorAsync(user) ? session.IsFactorFresh(Actor, now) : session.IsFresh(Actor, now));
    }

    /// <summary>
    /// Whether a page of changes that all want the second factor asks for it before it is shown: better once than at each form.
    /// </summary>
    public async Task<bool> ComesFirstAsync(User user) =>
        HttpMethods.IsGet(Http.Request.Method) && await WantsFactorAsync(user) && !await IsFreshAsync(user);

    /// <summary>
    /// Null if it is the password; wrong ones make this session wait, and no other. From who has a second factor it is not enough.
    /// </summary>
    public async Task<Refusal?> WhyNotPasswordAsync(User user, string password)
    {
        if (password.Length is 0 or > Passwords.MaxLength)
        {
            return Refusal.Forbidden(password.Length == 0 ? "Enter your password." : WrongPassword);
        }

        var guess = await guesses.BeginAsync(GuessedAt.Proof, SessionId ?? user.Id, Http.RequestAborted);
        if (!guess.IsAllowed)
        {
            await events.NoteAsync(Actor, SecurityEvent.ThrottledProof, Http.RequestAborted);
            return Refusal.Limit($"Too many wrong passwords. Wait {Guess.InWords(guess.Wait)}.");
        }

        if (!(await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: false)).Succeeded)
        {
            await events.NoteAsync(Actor, SecurityEvent.FailedProof, Http.RequestAborted);
            return Refusal.Forbidden(WrongPassword);
        }

        await guess.RightAsync();
        await KeepAsync(isFactor: false);
        return await IsFreshAsync(user) ? null : Refusal.Forbidden(FactorFirst);
    }

    /// <summary>Null if it is a code of the app, or a recovery code, that was not used before.</summary>
    public async Task<Refusal?> WhyNotCodeAsync(User user, string typed)
    {
        var code = FactorCode.Of(typed);
        var guess = await guesses.BeginAsync(GuessedAt.Code, SessionId ?? user.Id, Http.RequestAborted);
        if (!guess.IsAllowed)
        {
            await events.NoteAsync(Actor, SecurityEvent.ThrottledCode, Http.RequestAborted);
            return Refusal.Limit(FactorCode.TooMany(guess));
        }

        if (!await IsCodeAsync(user, code))
        {
            await events.NoteAsync(Actor, SecurityEvent.FailedCode, Http.RequestAborted);
            return Refusal.Forbidden(FactorCode.Wrong);
        }

        await guess.RightAsync();
        await KeepAsync(isFactor: true);
        return null;
    }

    /// <summary>Null if the browser's answer to /passkeys/request-options is of a passkey of this very person.</summary>
    public async Task<Refusal?> WhyNotPasskeyAsync(User user, string credential)
    {
        const string Wrong = "That passkey is not one of this account.";
        var answer = await signIn.PerformPasskeyAssertionAsync(credential);
        if (!answer.Succeeded || answer.User.Id != user.Id)
        {
            await events.NoteAsync(Actor, SecurityEvent.FailedPasskey, Http.RequestAborted);
            return Refusal.Forbidden(Wrong);
        }

        await users.AddOrUpdatePasskeyAsync(user, answer.Passkey);
        await KeepAsync(isFactor: true);
        return null;
    }

    /// <summary>Of a factor that was shown to work just now, by whatever way.</summary>
    public Task KeepFactorAsync() => KeepAsync(isFactor: true);

    /// <summary>Whether it is a code of the app, or a recovery code, of this person; it is used up then.</summary>
    public async Task<bool> IsCodeAsync(User user, string code) =>
        user.TwoFactorEnabled
        && (
            FactorCode.IsOfApp(code)
                ? await users.VerifyTwoFactorTokenAsync(user, users.Options.Tokens.AuthenticatorTokenProvider, code)
                : code.Length > 0 && (await users.RedeemTwoFactorRecoveryCodeAsync(user, code.ToUpperInvariant())).Succeeded
        );

    private async Task KeepAsync(bool isFactor)
    {
        var (id, now) = (SessionId, clock.GetUtcNow());
        await db
            .Sessions.Where(session => session.Id == id)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(session => session.ProvenAt, now)
                        .SetProperty(session => session.FactorAt, session => isFactor ? now : session.FactorAt),
                Http.RequestAborted
            );

        // Of this request and its cookie alone: whoever else holds the session has proved nothing.
        var before = Proofs.Of(Http.User);
        new Proofs(now, isFactor ? now : before.FactorAt).Write((ClaimsIdentity)Http.User.Identity!);
        if (await users.GetUserAsync(Http.User) is { } user)
        {
            if (isFactor)
            {
                await lost.KeepShownAsync(user, Http.Connection.RemoteIpAddress, Http.RequestAborted);
            }

            await signIn.RefreshSignInAsync(user);
        }
    }
}
