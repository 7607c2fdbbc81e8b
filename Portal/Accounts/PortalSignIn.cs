using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>Identity's sign-in; every one of them, whichever way it came, begins a <see cref="Session"/>, whose id the cookie carries.</summary>
public sealed class PortalSignIn(
    UserManager<User> users,
    IHttpContextAccessor http,
    IUserClaimsPrincipalFactory<User> claims,
    IOptions<IdentityOptions> options,
    ILogger<SignInManager<User>> log,
    IAuthenticationSchemeProvider schemes,
    IUserConfirmation<User> confirmation,
    PortalDb db,
    TimeProvider clock)
    : SignInManager<User>(users, http, claims, options, log, schemes, confirmation)
{
    /// <summary>Signs in whose password was right; asks for the second factor if there is one.</summary>
    public Task<SignInResult> BeginAsync(User user) => SignInOrTwoFactorAsync(user, isPersistent: true, bypassTwoFactor: false);

    public override async Task SignInWithClaimsAsync(User user, AuthenticationProperties? authenticationProperties, IEnumerable<Claim> additionalClaims)
    {
        (authenticationProperties ??= new AuthenticationProperties()).IsPersistent = true;
        var now = clock.GetUtcNow();
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            UserId = user.Id,
            AccountId = user.AccountId,
            CreatedAt = now,
            LastSeenAt = now,
            From = Context.Connection.RemoteIpAddress,
            UserAgent = Short(Context.Request.Headers.UserAgent.ToString()),
        };
        db.Sessions.Add(session);
        db.AuditEntries.Add(new Actor(user.AccountId, user.Id, user.Email!, session.From).Audit(now, "SignIn", null, after: new { Browser = Browser.Of(session.UserAgent) }));
        await db.SaveChangesAsync(Context.RequestAborted);
        await base.SignInWithClaimsAsync(user, authenticationProperties, additionalClaims.Append(new Claim(AccountClaims.Session, session.Id.ToString())));
    }

    /// <summary>A new cookie for the same session, after the user's security stamp has changed.</summary>
    public override async Task RefreshSignInAsync(User user)
    {
        var ticket = await Context.AuthenticateAsync(AuthenticationScheme);
        if (ticket.Principal?.FindFirst(AccountClaims.Session) is { } session && UserManager.GetUserId(ticket.Principal) == user.Id.ToString())
        {
            await base.SignInWithClaimsAsync(user, ticket.Properties, [session, .. ticket.Principal.FindAll(ClaimTypes.AuthenticationMethod)]);
        }
    }

    private static string Short(string agent) => agent.Length <= 512 ? agent : agent[..512];
}
