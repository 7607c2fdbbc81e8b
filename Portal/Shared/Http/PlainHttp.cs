using Microsoft.AspNetCore.Components.Endpoints;

namespace Portal.Shared;

/// <summary>
/// Where people reach Portal by https, a page that is asked for by plain http means that the proxy in front does not say so: no cookie
/// would be kept and no form taken. That is told in one sentence, on the page and in the log, instead of pages that half work.
/// </summary>
internal static partial class PlainHttp
{
    private const string Sentence =
        "This page was asked for by plain http, and Portal is served by https only. The proxy in front of it has to pass on X-Forwarded-Proto: https, and Portal__KnownProxies has to name that proxy's address.";

    public static void UseHttpsOnly(this WebApplication app)
    {
        if (
            app.Environment.IsDevelopment()
            || !Uri.TryCreate(app.Configuration["Portal:Url"], UriKind.Absolute, out var url)
            || url.Scheme != Uri.UriSchemeHttps
        )
        {
            return;
        }

        var told = 0;
        app.Use(
            (http, next) =>
            {
                // Workers, balancers and webhooks are no browsers: they come without cookies, and perhaps past the proxy.
                if (http.Request.IsHttps || !IsPage(http))
                {
                    return next(http);
                }

                if (Interlocked.Exchange(ref told, 1) == 0)
                {
                    LogPlain(app.Logger, http.Connection.RemoteIpAddress?.ToString());
                }

                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                http.Response.ContentType = "text/plain; charset=utf-8";
                http.Response.Headers.CacheControl = "no-store";
                return http.Response.WriteAsync(Sentence, http.RequestAborted);
            }
        );
    }

    /// <summary>What has no address of its own ends at a page that says so.</summary>
    private static bool IsPage(HttpContext http) =>
        http.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A page was asked for by plain http, from {Address}: the proxy in front has to send X-Forwarded-Proto: https, and Portal__KnownProxies has to name its address. Said once."
    )]
    private static partial void LogPlain(ILogger log, string? address);
}
