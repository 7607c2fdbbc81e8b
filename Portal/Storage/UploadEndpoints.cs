using System.Text.Json;
using Portal.Accounts;

namespace Portal.Storage;

/// <summary>
/// What a browser asks while it uploads. It is not the circuit that is asked, since an upload may outlast it. Each call begins with whose
/// bucket it is: a stranger's is not there. Only Portal's own pages may call: another site has no way to send JSON with our cookies unasked,
/// and its origin is not ours.
/// </summary>
public sealed partial class UploadEndpoints(BucketGateway buckets, ILogger<UploadEndpoints> log)
{
    private const string JsonType = "application/json";

    public void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/buckets/{name}/uploads").RequireAuthorization();
        group.MapPost("/begin", (HttpContext http, string name) => AnswerAsync<BeginUploads>(http, name, BeginAsync));
        group.MapPost("/sign", (HttpContext http, string name) => AnswerAsync<SignParts>(http, name, SignAsync));
        group.MapPost("/complete", (HttpContext http, string name) => AnswerAsync<CompleteUpload>(http, name, async (bucket, ask, _) => await Uploads.CompleteAsync(bucket, ask, http.RequestAborted)));
        group.MapPost("/abort", (HttpContext http, string name) => AnswerAsync<AbortUpload>(http, name, async (bucket, ask, _) =>
        {
            await Uploads.AbortAsync(bucket, ask, http.RequestAborted);
            return new { };
        }));
    }

    private static async Task<object?> BeginAsync(OpenBucket bucket, BeginUploads ask, HttpContext http)
    {
        if (ask.Files is not { Count: > 0 and <= Uploads.MostFilesAtOnce })
        {
            return null;
        }

        // A store that takes nothing does not take a rule either: why not is what each file is told.
        if (bucket.Store.WhyNotUpload is null)
        {
            await PortalCorsRule.EnsureAsync(bucket, OriginOf(http.Request), http.RequestAborted);
        }

        return await Uploads.BeginAsync(bucket, ask.Files, http.RequestAborted);
    }

    private static async Task<object?> SignAsync(OpenBucket bucket, SignParts ask, HttpContext http)
    {
        if (ask.Parts is not { Count: > 0 and <= Uploads.MostPartsAtOnce })
        {
            return null;
        }

        await PortalCorsRule.EnsureAsync(bucket, OriginOf(http.Request), http.RequestAborted);
        return Uploads.Sign(bucket, ask);
    }

    private async Task<IResult> AnswerAsync<T>(HttpContext http, string name, Func<OpenBucket, T, HttpContext, Task<object?>> work)
        where T : class
    {
        try
        {
            using var bucket = (await buckets.OpenNamedAsync(CurrentActor.Of(http.User, http.Connection.RemoteIpAddress), name, http.RequestAborted)).Value;
            if (bucket is null)
            {
                return Results.NotFound();
            }

            return await ReadAsync<T>(http) is { } ask && await work(bucket, ask, http) is { } answer ? Results.Json(answer) : Results.BadRequest();
        }
        catch (Exception error) when (StorageFault.Is(error) && !http.RequestAborted.IsCancellationRequested)
        {
            LogRefused(log, error);
            return Results.Json(
                new { code = StorageFault.Code(error), sentence = StorageFault.Sentence(error) },
                statusCode: StorageFault.IsAway(error) ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status409Conflict);
        }
    }

    private static async Task<T?> ReadAsync<T>(HttpContext http)
        where T : class
    {
        if (http.Request.ContentType?.StartsWith(JsonType, StringComparison.OrdinalIgnoreCase) is not true || OriginOf(http.Request) is "")
        {
            return null;
        }

        try
        {
            return await http.Request.ReadFromJsonAsync<T>(http.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The origin of the page that asks, if it is one of ours; else empty.</summary>
    private static string OriginOf(HttpRequest request) =>
        request.Headers.Origin is [{ } origin] && Uri.TryCreate(origin, UriKind.Absolute, out var page) && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase) ? origin : "";

    [LoggerMessage(Level = LogLevel.Information, Message = "The storage did not do what an upload asked")]
    private static partial void LogRefused(ILogger log, Exception error);
}
