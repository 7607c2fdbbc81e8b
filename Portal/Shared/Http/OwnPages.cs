using Microsoft.AspNetCore.Mvc;
using Portal.Accounts;

namespace Portal.Shared;

/// <summary>
/// Who may make Portal do something: its own pages, at <see cref="PortalAddress"/>. Cookies do not tell them from others, since a browser
/// sends ours along from every page of the same site (a customer's public bucket at s3.example.com, another port of localhost), and a
/// circuit that is begun with them is its beginner's to steer. So everything that is not a plain GET, each WebSocket and whatever is asked
/// of a circuit has to say that it comes from there: by <c>Origin</c>, or, where browsers send none, by <c>Sec-Fetch-Site</c>.
/// </summary>
internal static class OwnPages
{
    public static void UseOwnPagesOnly(this WebApplication app)
    {
        var (address, events) = (app.Services.GetRequiredService<PortalAddress>(), app.Services.GetRequiredService<SecurityEvents>());
        app.Use(
            (http, next) =>
            {
                if (http.GetEndpoint()?.Metadata.GetMetadata<CalledByPrograms>() is not null)
                {
                    return next(http);
                }

                var acts = Acts(http);
                if (!address.IsHost(http.Request.Host))
                {
                    return ElsewhereAsync(http, address, maySend: !acts && app.Environment.IsDevelopment());
                }

                if (!acts || IsFromOwnPage(http.Request, address))
                {
                    return next(http);
                }

                events.LogRefused(SecurityEvent.ForeignOrigin, http.Connection.RemoteIpAddress);
                return RefuseAsync(http, StatusCodes.Status403Forbidden, $"Portal does this only for its own pages, at {address.Origin}.");
            }
        );
    }

    /// <summary>Leaves an endpoint to programs, which send no Origin and may know this process by another name.</summary>
    public static TBuilder ForPrograms<TBuilder>(this TBuilder endpoint, string why)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new CalledByPrograms(why), new SkipStatusCodePagesAttribute());

    /// <summary>A script of a page reads the status and would do nothing with the page that says it to people.</summary>
    public static TBuilder ForScripts<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new SkipStatusCodePagesAttribute());

    private static bool Acts(HttpContext http) =>
        !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        || http.Request.Headers.Upgrade.Any(protocol => protocol?.Contains("websocket", StringComparison.OrdinalIgnoreCase) is true)
        || http.Request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase);

    private static bool IsFromOwnPage(HttpRequest request, PortalAddress address) =>
        (request.Headers.Origin, request.Headers["Sec-Fetch-Site"]) switch
        {
            ([var origin], _) => origin == address.Origin,

            // A browser's GET within one origin says no Origin. “same-site” would be the very neighbours that this is about.
            ([], [var site]) => site is "same-origin",
            _ => false,
        };

    /// <summary>
    /// On a laptop somebody types 127.0.0.1, where our cookies and passkeys are not. Elsewhere a wrong name is a mistake of a proxy, or
    /// somebody who made a name of his own lead here.
    /// </summary>
    private static Task ElsewhereAsync(HttpContext http, PortalAddress address, bool maySend)
    {
        if (maySend)
        {
            http.Response.Redirect($"{address.Origin}{http.Request.Path.ToUriComponent()}{http.Request.QueryString.ToUriComponent()}");
            return Task.CompletedTask;
        }

        return RefuseAsync(
            http,
            StatusCodes.Status421MisdirectedRequest,
            $"There is nothing at this address. Portal is at {address.Origin}."
        );
    }

    private static Task RefuseAsync(HttpContext http, int status, string sentence)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(sentence, http.RequestAborted);
    }
}

/// <param name="Why">What keeps strangers from it.</param>
public sealed record CalledByPrograms(string Why);
