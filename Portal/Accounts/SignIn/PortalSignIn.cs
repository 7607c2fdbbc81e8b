using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Identity's sign-in; every one of them, whichever way it came, begins a <see cref="Session"/>, whose id the cookie carries.
/// </summary>
public sealed class PortalSignIn(
    UserManager<User> users,
    IHttpContextAccessor http,
    IUserClaimsPrincipalFactory<User> claims,
    IOptions<IdentityOptions> options,
    ILogger<SignInManager<User>> log,
    IAuthenticationSchemeProvider schemes,
    IUserConfirmation<User> confirmation,
    PortalDb db,
    KnownDevices devices,
    Guesses guesses,
    AccountMails mails,
    LostFactor lost,
    SecurityEvents events,
    TimeProvider clock
) : SignInManager<User>(users, http, claims, options, log, schemes, confirmation)
{
    private const string Passkey = "passkey";

    /// <summary>What was shown to be the owner's, in words for the audit.</summary>
    private string shown = "password";

    /// <summary>Whether who signs in now wants to stay signed in when the browser is closed.</summary>
    public bool IsToKeep { get; set; }

    /// <summary>Signs in whose password was right; asks for the second factor if there is one.</summary>
    public Task<SignInResult> BeginAsync(User user) => SignInOrTwoFactorAsync(user, IsToKeep, bypassTwoFactor: false);

    /// <summary>The second factor of whose password was right: a code of the app, or a recovery code.</summary>
    /// <returns>Null if it was right, else why not, for the person.</returns>
    public async Task<string?> WhyNotCodeAsync(User user, string typed)
    {
        var (code, ct) = (FactorCode.Of(typed), Context.RequestAborted);
        var guess = await devices.FindAsync(user.Id, ct) is { } known
            ? await guesses.BeginAsync(GuessedAt.Code, known, ct)
            : await guesses.BeginAsync(GuessedAt.Code, user.Id.ToString(), Context.Connection.RemoteIpAddress, ct);
        if (!guess.IsAllowed)
        {
            await events.NoteAsync(Actor.Stranger(user.AccountId, Context.Connection.RemoteIpAddress), SecurityEvent.ThrottledCode, ct);
            return FactorCode.TooMany(guess);
        }

        shown = FactorCode.IsOfApp(code) ? "password and code" : "password and recovery code";
        var answer = FactorCode.IsOfApp(code)
            ? await TwoFactorAuthenticatorSignInAsync(code, IsToKeep, rememberClient: false)
            : await TwoFactorRecoveryCodeSignInAsync(code.ToUpperInvariant());
        if (!answer.Succeeded)
        {
            await events.NoteAsync(Actor.Stranger(user.AccountId, Context.Connection.RemoteIpAddress), SecurityEvent.FailedCode, ct);
            return FactorCode.Wrong;
        }

        await guess.RightAsync();
        return null;
    }

    public override Task<SignInResult> PasskeySignInAsync(string credentialJson)
    {
        shown = Passkey;
        return base.PasskeySignInAsync(credentialJson);
    }

    /// <summary>
    /// Where nothing had been asked of this browser, or it forgot it, Identity throws: to whoever sent it that is an answer like any other
    /// wrong one.
    /// </summary>
    public override async Task<PasskeyAssertionResult<User>> PerformPasskeyAssertionAsync(string credentialJson)
    {
        try
        {
            return await base.PerformPasskeyAssertionAsync(credentialJson);
        }
        catch (InvalidOperationException error)
        {
            return PasskeyAssertionResult.Fail<User>(new PasskeyException(error.Message, error));
        }
    }

    /// <inheritdoc cref="PerformPasskeyAssertionAsync"/>
    public override async Task<PasskeyAttestationResult> PerformPasskeyAttestationAsync(string credentialJson)
    {
        try
        {
            return await base.PerformPasskeyAttestationAsync(credentialJson);
        }
        catch (InvalidOperationException error)
        {
            return PasskeyAttestationResult.Fail(new PasskeyException(error.Message, error));
        }
    }

    public override async Task SignInWithClaimsAsync(
        User user,
        AuthenticationProperties? authenticationProperties,
        IEnumerable<Claim> additionalClaims
    )
    {
        var (now, ct) = (clock.GetUtcNow(), Context.RequestAborted);
        var claims = additionalClaims.ToList();

        // An operator's is short, and nothing keeps it.
        IsToKeep &= !user.IsOperator;
        var (device, isNew) = await devices.RememberAsync(user, ct);
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            UserId = user.Id,
            AccountId = user.AccountId,
            CreatedAt = now,
            EndsAt =
                now
                + (
                    IsToKeep ? Session.KeptFor
                    : user.IsOperator ? Session.OperatorLifetime
                    : Session.Lifetime
                ),
            IdleLimit =
                IsToKeep ? null
                : user.IsOperator ? Session.OperatorLongestPause
                : Session.LongestPause,
            ProvenAt = now,
            FactorAt =
                shown is Passkey || claims.Any(claim => claim is { Type: ClaimTypes.AuthenticationMethod or "amr", Value: "mfa" })
                    ? now
                    : null,
            LastSeenAt = now,
            From = Context.Connection.RemoteIpAddress,
            UserAgent = Short(Context.Request.Headers.UserAgent.ToString()),
            DeviceId = device,
        };
        await using (var transaction = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(ct) : null)
        {
            await EndEarlierAsync(now, ct);
            var ended = await EndOldestAsync(user, now, ct);
            if (isNew && await db.Sessions.AnyAsync(earlier => earlier.UserId == user.Id, ct))
            {
                await mails.TellNewDeviceAsync(user, Browser.Of(session.UserAgent), session.From, ct);
            }

            if (session.FactorAt is not null)
            {
                await lost.KeepAsync(user, session.From, ct);
            }

            db.Sessions.Add(session);
            db.AuditEntries.Add(
                events.Write(
                    new Actor(user.AccountId, user.Id, user.Email!, session.From),
                    SecurityEvent.SignIn,
                    after: new
                    {
                        With = shown,
                        Browser = new Personal(Browser.Of(session.UserAgent)),
                        EndedSessions = ended > 0 ? ended : (int?)null,
                    }
                )
            );
            await db.SaveChangesAsync(ct);
            await (transaction?.CommitAsync(ct) ?? Task.CompletedTask);
        }

        // The cookie ends with the session: it is not prolonged, and unless it is to be kept the browser forgets it when it is closed.
        authenticationProperties ??= new AuthenticationProperties();
        (authenticationProperties.IsPersistent, authenticationProperties.ExpiresUtc, authenticationProperties.AllowRefresh) = (
            IsToKeep,
            session.EndsAt,
            false
        );
        await base.SignInWithClaimsAsync(
            user,
            authenticationProperties,
            [.. claims, new Claim(AccountClaims.Session, session.Id.ToString()), .. new Proofs(now, session.FactorAt).ToClaims()]
        );
    }

    /// <summary>
    /// A new cookie for the same session, after the user's security stamp has changed or a proof was given: the cookie of before opens
    /// nothing any more. It says of proofs what the request's own person gave, and not what stands in the session.
    /// </summary>
    public override async Task RefreshSignInAsync(User user)
    {
        var ticket = await Context.AuthenticateAsync(AuthenticationScheme);
        if (
            ticket.Principal?.FindFirst(AccountClaims.Session) is { } session
            && UserManager.GetUserId(ticket.Principal) == user.Id.ToString()
        )
        {
            await base.SignInWithClaimsAsync(
                user,
                ticket.Properties,
                [session, .. Proofs.Of(Context.User).ToClaims(), .. ticket.Principal.FindAll(ClaimTypes.AuthenticationMethod)]
            );
        }
    }

    /// <summary>Nobody is locked out: <see cref="Guesses"/> slows who guesses.</summary>
    protected override Task<bool> IsLockedOut(User user) => Task.FromResult(false);

    protected override Task ResetLockout(User user) => Task.CompletedTask;

    /// <summary>
    /// Who signs in where somebody is signed in already, most often the same person, leaves that session behind: its cookie is overwritten,
    /// and a copy must not outlive it.
    /// </summary>
    private async Task EndEarlierAsync(DateTimeOffset now, CancellationToken ct)
    {
        if (
            SessionCookie.SessionOf(Context.User) is { } earlier
            && await db
                .Sessions.Where(session => session.Id == earlier && session.RevokedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct) > 0
        )
        {
            db.AuditEntries.Add(events.Write(CurrentActor.Of(Context.User, Context.Connection.RemoteIpAddress), SecurityEvent.SignOut));
        }
    }

    /// <summary>However often somebody signs in who has the password: so many sessions stand, the new one among them.</summary>
    private Task<int> EndOldestAsync(User user, DateTimeOffset now, CancellationToken ct)
    {
        var standing = db.Sessions.Where(session => session.UserId == user.Id && session.RevokedAt == null && session.EndsAt > now);
        var kept = standing.OrderByDescending(session => session.LastSeenAt).Take(Session.Most - 1).Select(session => session.Id);
        return standing
            .Where(session => !kept.Contains(session.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
    }

    private static string Short(string agent) => agent.Length <= 512 ? agent : agent[..512];
}
