using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>Checks at every request that the cookie's session still stands, so that a revoked one ends at once.</summary>
public sealed class SessionCookie(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>How exactly "last seen" is kept; each request writing it would be a write per click.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    public static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<StaticAssetDescriptor>() is not null)
        {
            return;
        }

        var cookie = context.HttpContext.RequestServices.GetRequiredService<SessionCookie>();
        if (await cookie.StandingAsync(context.Principal!, context.HttpContext, context.HttpContext.RequestAborted) is not { } standing)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(IdentityConstants.ApplicationScheme);
            return;
        }

        Apply(standing, (ClaimsIdentity)context.Principal!.Identity!);
    }

    /// <summary>What the database says of the session that a cookie names, or null if it stands no more.</summary>
    public async Task<Standing?> StandingAsync(ClaimsPrincipal cookie, CancellationToken ct) => await StandingAsync(cookie, null, ct);

    private async Task<Standing?> StandingAsync(ClaimsPrincipal cookie, HttpContext? http, CancellationToken ct)
    {
        if (!Guid.TryParse(cookie.FindFirstValue(AccountClaims.Session), out var id))
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        var found = await db.Sessions.Where(session => session.Id == id && session.RevokedAt == null && db.Accounts.Any(account => account.Id == session.AccountId && account.ClosingSince == null))
            .Join(db.Users, session => session.UserId, user => user.Id, (session, user) => new { user.SecurityStamp, user.IsOperator, session.LastSeenAt })
            .SingleOrDefaultAsync(ct);
        var now = clock.GetUtcNow();
        if (found is null || now - found.LastSeenAt > SessionList.Lifetime || found.SecurityStamp != cookie.FindFirstValue("AspNet.Identity.SecurityStamp"))
        {
            return null;
        }

        if (http is not null && now - found.LastSeenAt > SeenEvery)
        {
            var from = http.Connection.RemoteIpAddress;
            await db.Sessions.Where(session => session.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(session => session.LastSeenAt, now).SetProperty(session => session.From, from), ct);
        }

        return new Standing(found.IsOperator);
    }

    private static void Apply(Standing standing, ClaimsIdentity identity)
    {
        foreach (var claim in identity.FindAll(AccountClaims.Operator).ToList())
        {
            identity.RemoveClaim(claim);
        }

        if (standing.IsOperator)
        {
            identity.AddClaim(new Claim(AccountClaims.Operator, "yes"));
        }
    }

    public sealed record Standing(bool IsOperator);
}
