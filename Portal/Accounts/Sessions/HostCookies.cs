using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.CookiePolicy;
using Microsoft.AspNetCore.Identity;

namespace Portal.Accounts;

/// <summary>
/// Portal's cookies are <c>__Host-</c>: a browser takes one only from this very host, over TLS (or from localhost, which it trusts), for
/// all paths. So no neighbour on the same domain can give a visitor a session or a form's token of his own.
/// </summary>
public static class HostCookies
{
    private const string Prefix = "__Host-";

    /// <summary>Of the session.</summary>
    public const string Session = Prefix + "portal";

    public static IServiceCollection AddHostCookies(this IServiceCollection services)
    {
        // After Identity's own, which names them after its schemes.
        services.PostConfigureAll<CookieAuthenticationOptions>(options =>
            (options.Cookie.SecurePolicy, options.Cookie.Path) = (CookieSecurePolicy.Always, "/")
        );
        services.PostConfigure<CookieAuthenticationOptions>(IdentityConstants.ApplicationScheme, options => options.Cookie.Name = Session);
        services.PostConfigure<CookieAuthenticationOptions>(
            IdentityConstants.ExternalScheme,
            options => options.Cookie.Name = Prefix + "portal-external"
        );
        services.PostConfigure<CookieAuthenticationOptions>(
            IdentityConstants.TwoFactorUserIdScheme,
            options => options.Cookie.Name = Prefix + "portal-second-factor"
        );
        services.PostConfigure<CookieAuthenticationOptions>(
            IdentityConstants.TwoFactorRememberMeScheme,
            options => options.Cookie.Name = Prefix + "portal-remembered"
        );

        // Antiforgery refuses to work at all over http://localhost, or behind a proxy that ends TLS, if it is asked for a secure cookie:
        // the policy makes it one.
        services.Configure<AntiforgeryOptions>(options =>
        {
            (options.Cookie.Name, options.Cookie.Path, options.Cookie.SecurePolicy) = (
                Prefix + "portal-form",
                "/",
                CookieSecurePolicy.None
            );
            options.SuppressXFrameOptionsHeader = true; // SecurityHeaders says it of every page, and more strictly
        });
        return services.Configure<CookiePolicyOptions>(policy =>
            (policy.Secure, policy.HttpOnly) = (CookieSecurePolicy.Always, HttpOnlyPolicy.Always)
        );
    }

    /// <summary>
    /// Refuses a request with two of a name: no browser keeps two of these, so one was slipped in by somebody who hopes that it is the one
    /// that counts.
    /// </summary>
    public static void UseHostCookies(this WebApplication app)
    {
        app.Use(
            (http, next) =>
            {
                if (!HasTwoOfAName(http.Request))
                {
                    return next(http);
                }

                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                http.Response.Headers.CacheControl = "no-store";
                http.Response.ContentType = "text/plain; charset=utf-8";
                return http.Response.WriteAsync(
                    "Your browser sent two of Portal's cookies with the same name, and only one can be Portal's. Delete this site's cookies and sign in again.",
                    http.RequestAborted
                );
            }
        );
        app.UseCookiePolicy();
    }

    // The header itself: the framework's collection keeps the last of a name, whatever its case.
    private static bool HasTwoOfAName(HttpRequest request)
    {
        HashSet<string>? seen = null;
        foreach (var header in request.Headers.Cookie)
        {
            foreach (var part in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
            {
                var name = part.TrimStart('=').Split('=', 2)[0].TrimEnd();
                if (
                    name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                    && !(seen ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase)).Add(name)
                )
                {
                    return true;
                }
            }
        }

        return false;
    }
}
