using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Accounts;

internal static class SignOutEndpoint
{
    /// <summary>Ends the session, in every tab, and forgets the cookie.</summary>
    public static async Task<IResult> RunAsync(
        ClaimsPrincipal user,
        HttpContext http,
        PortalSignIn signIn,
        PortalDb db,
        SecurityEvents events,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        if (Guid.TryParse(user.FindFirstValue(AccountClaims.Session), out var id))
        {
            var now = clock.GetUtcNow();
            if (
                await db
                    .Sessions.Where(session => session.Id == id && session.RevokedAt == null)
                    .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct) > 0
            )
            {
                db.AuditEntries.Add(events.Write(CurrentActor.Of(user, http.Connection.RemoteIpAddress), SecurityEvent.SignOut));
                await db.SaveChangesAsync(ct);
            }
        }

        await signIn.SignOutAsync();
        return Results.LocalRedirect("/");
    }

    /// <summary>Refuses a post without the antiforgery token that our own pages carry, and one that is longer than they can be.</summary>
    public static TBuilder RequireValidForm<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint
            .WithMetadata(new RequestSizeLimitAttribute(AttemptLimits.LargestForm))
            .AddEndpointFilter(
                async (invocation, next) =>
                    await invocation
                        .HttpContext.RequestServices.GetRequiredService<IAntiforgery>()
                        .IsRequestValidAsync(invocation.HttpContext)
                        ? await next(invocation)
                        : Results.StatusCode(StatusCodes.Status400BadRequest)
            );
}
