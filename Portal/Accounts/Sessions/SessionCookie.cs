using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>Checks at every request that the cookie's session still stands, so that a revoked one ends at once.</summary>
public sealed class SessionCookie(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>How exactly "last seen" is kept; each request writing it would be a write per click.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    /// <summary>
    /// For how long the cookie of before a proof is still taken: a form that is sent by a double click is sent twice with it, and the
    /// browser may never read the first answer.
    /// </summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(10);

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

        if (standing.IsReplaced)
        {
            // Not signed out: that would take the newer cookie away from a browser which had this request under way when it got it.
            context.RejectPrincipal();
            return;
        }

        Apply(standing, (ClaimsIdentity)context.Principal!.Identity!);
    }

    /// <summary>What the database says of the session that a cookie names, or null if it stands no more.</summary>
    public async Task<Standing?> StandingAsync(ClaimsPrincipal cookie, CancellationToken ct) => await StandingAsync(cookie, null, ct);

    /// <summary>
    /// Those whose session stands, as what they were when they signed in: an operator whose role is another now, or whose factor is gone,
    /// is not among them.
    /// </summary>
    public async Task<IReadOnlySet<ClaimsPrincipal>> StandingAsync(IReadOnlyCollection<ClaimsPrincipal> cookies, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var found = await Found(db, [.. cookies.Select(SessionOf).OfType<Guid>().Distinct()])
            .ToDictionaryAsync(found => found.Session.Id, ct);
        var now = clock.GetUtcNow();
        return cookies
            .Where(cookie =>
                SessionOf(cookie) is { } id
                && found.TryGetValue(id, out var session)
                && session.Stands(cookie, now)
                && (cookie.FindFirstValue(AccountClaims.Operator) is not { } role || (session.IsProven && role == session.Role?.ToString()))
            )
            .ToHashSet();
    }

    private async Task<Standing?> StandingAsync(ClaimsPrincipal cookie, HttpContext? http, CancellationToken ct)
    {
        if (SessionOf(cookie) is not { } id)
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        var found = await Found(db, [id]).SingleOrDefaultAsync(ct);
        var now = clock.GetUtcNow();
        if (found?.Stands(cookie, now) is not true)
        {
            return null;
        }

        if (http is not null && now - found.Session.LastSeenAt > SeenEvery)
        {
            Attempt.Leave();
            var from = http.Connection.RemoteIpAddress;
            await db
                .Sessions.Where(session => session.Id == id)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(session => session.LastSeenAt, now).SetProperty(session => session.From, from),
                    ct
                );
        }

        return new Standing(
            found.Role,
            found.IsProven,
            IsReplaced: found.Session.ProvenAt is { } proven && now - proven > UnderWay && !(Proofs.Of(cookie).ProvenAt >= proven)
        );
    }

    /// <summary>These were used within a circuit, which sends no requests that would tell.</summary>
    public async Task SawAsync(IReadOnlyCollection<Guid> used, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var before = now - SeenEvery;
        await db
            .Sessions.Where(session => used.Contains(session.Id) && session.RevokedAt == null && session.LastSeenAt < before)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.LastSeenAt, now), ct);
    }

    public static Guid? SessionOf(ClaimsPrincipal cookie) =>
        Guid.TryParse(cookie.FindFirstValue(AccountClaims.Session), out var id) ? id : null;

    private static IQueryable<FoundSession> Found(PortalDb db, Guid[] ids) =>
        db
            .Sessions.Where(session =>
                ids.Contains(session.Id)
                && session.RevokedAt == null
                && db.Accounts.Any(account =>
                    account.Id == session.AccountId
                    && account.ClosingSince == null
                    && (account.SessionsEndedAt == null || account.SessionsEndedAt < session.CreatedAt)
                )
            )
            .AsNoTracking()
            .Join(
                db.WithFactor(),
                session => session.UserId,
                known => known.User.Id,
                (session, known) =>
                    new FoundSession(session, known.User.SecurityStamp, known.User.Role, known.HasFactor && !known.HasFirstPassword)
            );

    private static void Apply(Standing standing, ClaimsIdentity identity)
    {
        foreach (var claim in identity.FindAll(claim => claim.Type is AccountClaims.Operator or AccountClaims.Enrolling).ToList())
        {
            identity.RemoveClaim(claim);
        }

        if (standing.Role is { } role)
        {
            identity.AddClaim(new Claim(standing.IsProven ? AccountClaims.Operator : AccountClaims.Enrolling, role.ToString()));
        }
    }

    /// <param name="IsReplaced">
    /// Whether a proof was given after this cookie, which brought another. Circuits go on, and are asked for a proof of their own.
    /// </param>
    public sealed record Standing(OperatorRole? Role, bool IsProven, bool IsReplaced);

    private sealed record FoundSession(Session Session, string? SecurityStamp, OperatorRole? Role, bool HasFactor)
    {
        public bool IsProven => HasFactor && Session.FactorAt is not null;

        public bool Stands(ClaimsPrincipal cookie, DateTimeOffset now) =>
            Session.Stands(now) && SecurityStamp == cookie.FindFirstValue("AspNet.Identity.SecurityStamp");
    }
}
