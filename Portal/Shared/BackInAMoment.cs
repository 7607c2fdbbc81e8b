using System.Net.Mime;
using System.Text.Encodings.Web;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>What a browser gets while the database is away: a page without anything from there, which asks again by itself.</summary>
internal static partial class BackInAMoment
{
    private const int Seconds = 3;

    public static void UseBackInAMoment(this WebApplication app) => app.Use(async (http, next) =>
    {
        var attempt = Attempt.Begin();
        try
        {
            await next(http);
        }
        catch (Exception error) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested && DatabaseAway.Is(error))
        {
            LogAway(app.Logger, http.Request.Path, error.GetBaseException().Message);
            await AnswerAsync(http, attempt.Saved);
        }
    });

    private static Task AnswerAsync(HttpContext http, Saved saved)
    {
        var response = http.Response;
        response.Clear();
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.ContentType = $"{MediaTypeNames.Text.Html}; charset=utf-8";
        response.Headers.RetryAfter = $"{Seconds}";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        var isRead = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        return response.WriteAsync(Page(Target(http.Request, isRead), isRead, saved), http.RequestAborted);
    }

    /// <summary>The same address again, which with two slashes would be another site's; after a form that of its page, since to send it twice is not ours to decide.</summary>
    private static string Target(HttpRequest request, bool isRead) =>
        isRead ? $"/{$"{request.PathBase}{request.Path}".TrimStart('/')}{request.QueryString}"
        : Uri.TryCreate(request.Headers.Referer, UriKind.Absolute, out var from) && from.Authority == request.Host.Value ? $"/{from.PathAndQuery.TrimStart('/')}" : "/";

    private static string Page(string target, bool isRead, Saved saved)
    {
        var address = HtmlEncoder.Default.Encode(target);
        var sentence = isRead ? "Portal cannot reach its database at the moment. This page comes back by itself." : $"{DatabaseAway.Sentence(saved)} The page you came from comes back by itself.";
        return $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
              <meta http-equiv="refresh" content="{{Seconds}};url={{address}}">
              <title>Back in a moment · Portal</title>
              <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem }</style>
            </head>
            <body><main><h1>Back in a moment</h1><p role="status">{{sentence}}</p><p><a href="{{address}}">Try now</a></p></main></body>
            </html>
            """;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; {Path} was not answered: {Reason}")]
    private static partial void LogAway(ILogger log, PathString path, string reason);
}
