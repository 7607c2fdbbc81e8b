using System.Net.Mime;
using System.Text.Encodings.Web;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// What a browser gets while the database is away: a page without anything from there, which asks again by itself. Whoever changes one
/// thing without end gets such a page too, which does not.
/// </summary>
internal static partial class BackInAMoment
{
    private const int Seconds = 3;

    public static void UseBackInAMoment(this WebApplication app) =>
        app.Use(
            async (http, next) =>
            {
                var attempt = Attempt.Begin();
                try
                {
                    await next(http);
                }
                catch (Exception error)
                    when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested && DatabaseAway.Is(error))
                {
                    LogAway(app.Logger, http.Request.Path, error.GetBaseException().Message);
                    var isRead = IsRead(http.Request);
                    var sentence = isRead
                        ? "Portal cannot reach its database at the moment. This page comes back by itself."
                        : $"{DatabaseAway.Sentence(attempt.Saved)} The page you came from comes back by itself.";
                    await AnswerAsync(
                        http,
                        StatusCodes.Status503ServiceUnavailable,
                        Seconds,
                        target => Page(target, sentence, $"""<meta http-equiv="refresh" content="{Seconds};url={target}">""")
                    );
                }
                catch (TooManyChangesException error) when (!http.Response.HasStarted)
                {
                    await AnswerAsync(http, StatusCodes.Status429TooManyRequests, 60, target => Page(target, error.Message, ""));
                }
            }
        );

    private static Task AnswerAsync(HttpContext http, int status, int seconds, Func<string, string> page)
    {
        var response = http.Response;
        response.Clear();
        response.StatusCode = status;
        response.ContentType = $"{MediaTypeNames.Text.Html}; charset=utf-8";
        response.Headers.RetryAfter = $"{seconds}";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        return response.WriteAsync(page(HtmlEncoder.Default.Encode(Target(http.Request))), http.RequestAborted);
    }

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>
    /// The same address again, which with two slashes would be another site's; after a form that of its page, since to send it twice is not
    /// ours to decide.
    /// </summary>
    private static string Target(HttpRequest request) =>
        IsRead(request) ? $"/{$"{request.PathBase}{request.Path}".TrimStart('/')}{request.QueryString}"
        : Uri.TryCreate(request.Headers.Referer, UriKind.Absolute, out var from) && from.Authority == request.Host.Value
            ? $"/{from.PathAndQuery.TrimStart('/')}"
        : "/";

    private static string Page(string target, string sentence, string refresh) =>
        $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
              {{refresh}}
              <title>Back in a moment · Portal</title>
              <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem }</style>
            </head>
            <body><main><h1>Back in a moment</h1><p role="status">{{sentence}}</p><p><a href="{{target}}">Try now</a></p></main></body>
            </html>
            """;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; {Path} was not answered: {Reason}")]
    private static partial void LogAway(ILogger log, PathString path, string reason);
}
