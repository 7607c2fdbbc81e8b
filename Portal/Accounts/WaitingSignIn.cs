using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>
/// A sign-in whose password was right and that waits for the second factor. Identity's cookie for it names only the user; here it carries
/// his security stamp as well, so that what ends his sessions (another password, another second factor) ends it too.
/// </summary>
internal static class WaitingSignIn
{
    private const string Stamp = "AspNet.Identity.SecurityStamp";

    public static void Configure(CookieAuthenticationOptions cookie)
    {
        cookie.Events.OnSigningIn = async context =>
        {
            if (await FindAsync(context.HttpContext, context.Principal) is { SecurityStamp: { } stamp })
            {
                ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new Claim(Stamp, stamp));
            }
        };
        cookie.Events.OnValidatePrincipal = async context =>
        {
            // Identity keeps in this cookie too what it asked of a passkey, which names nobody.
            if (context.Principal?.FindFirstValue(ClaimTypes.Name) is null)
            {
                return;
            }

            if (
                context.Principal.FindFirstValue(Stamp) is not { } known
                || (await FindAsync(context.HttpContext, context.Principal))?.SecurityStamp != known
            )
            {
                context.RejectPrincipal();
            }
        };
    }

    private static async Task<User?> FindAsync(HttpContext http, ClaimsPrincipal? waiting) =>
        waiting?.FindFirstValue(ClaimTypes.Name) is { } id
            ? await http.RequestServices.GetRequiredService<UserManager<User>>().FindByIdAsync(id)
            : null;
}
