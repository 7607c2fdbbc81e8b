using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Portal.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

/// <summary>
/// What a browser asks while it uploads. It is not the circuit that is asked, since an upload may outlast it. Each call begins with whose
/// bucket it is: a stranger's is not there. Only Portal's own pages may call (<see cref="OwnPages"/>).
/// </summary>
public sealed partial class UploadEndpoints(BucketGateway buckets, PortalAddress address, ILogger<UploadEndpoints> log)
{
    /// <summary>A hundred files with names of usual length; the pages ask about fifty.</summary>
    public const int LargestBody = 256 * 1024;

    private const string JsonType = "application/json";

    /// <summary>What is asked is a list of flat objects at most.</summary>
    private static readonly JsonSerializerOptions Asked = new(JsonSerializerDefaults.Web) { MaxDepth = 4 };

    /// <summary>
    /// An answer is deeper: it lists the parts of each file. It is never taken for HTML, so that nothing of an address has to be escaped
    /// for it.
    /// </summary>
    private static readonly JsonSerializerOptions Answered = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public void Map(IEndpointRouteBuilder routes)
    {
        var group = routes
            .MapGroup("/buckets/{name}/uploads")
            .RequireAuthorization()
            .ForScripts()
            .WithMetadata(new RequestSizeLimitAttribute(LargestBody));
        group.MapPost("/begin", (HttpContext http, string name) => AnswerAsync<BeginUploads>(http, name, BeginAsync));
        group.MapPost("/sign", (HttpContext http, string name) => AnswerAsync<SignParts>(http, name, SignAsync));
        group.MapPost(
            "/complete",
            (HttpContext http, string name) =>
                AnswerAsync<CompleteUpload>(
                    http,
                    name,
                    async (bucket, ask, _) => await Uploads.CompleteAsync(bucket, ask, http.RequestAborted)
                )
        );
        group.MapPost(
            "/abort",
            (HttpContext http, string name) =>
                AnswerAsync<AbortUpload>(
                    http,
                    name,
                    async (bucket, ask, _) =>
                    {
                        await Uploads.AbortAsync(bucket, ask, http.RequestAborted);
                        return new { };
                    }
                )
        );
    }

    private async Task<object> BeginAsync(OpenBucket bucket, BeginUploads ask, HttpContext http)
    {
        // A store that takes nothing does not take a rule either: why not is what each file is told.
        if (bucket.Store.WhyNotUpload is null)
        {
            await PortalCorsRule.EnsureAsync(bucket, address.Origin, http.RequestAborted);
        }

        return await Uploads.BeginAsync(bucket, ask.Files, http.RequestAborted);
    }

    private async Task<object> SignAsync(OpenBucket bucket, SignParts ask, HttpContext http)
    {
        await PortalCorsRule.EnsureAsync(bucket, address.Origin, http.RequestAborted);
        return Uploads.Sign(bucket, ask);
    }

    private async Task<IResult> AnswerAsync<T>(HttpContext http, string name, Func<OpenBucket, T, HttpContext, Task<object>> work)
        where T : class, IFromBrowser
    {
        try
        {
            var opened = await buckets.OpenNamedAsync(
                CurrentActor.Of(http.User, http.Connection.RemoteIpAddress),
                name,
                http.RequestAborted
            );
            using var bucket = opened.Value;
            if (bucket is null)
            {
                return Answer(opened.Refusal!, $"{opened.Refusal!.Kind}", opened.Refusal!.Kind.StatusCode());
            }

            return await ReadAsync<T>(http) is { } ask ? Results.Json(await work(bucket, ask, http), Answered) : Results.BadRequest();
        }
        catch (Exception error) when (StorageFault.Is(error) && !http.RequestAborted.IsCancellationRequested)
        {
            LogRefused(log, error);
            var refusal = StorageFault.Refuse(error);
            return Answer(
                refusal,
                StorageFault.Code(error),
                StorageFault.IsAway(error) ? StatusCodes.Status503ServiceUnavailable : refusal.Kind.StatusCode()
            );
        }
    }

    private static IResult Answer(Refusal refusal, string code, int status) =>
        Results.Json(new { code, sentence = refusal.Sentence }, statusCode: status);

    /// <summary>What is asked; null unless it is what our pages ask, and within bounds.</summary>
    private static async Task<T?> ReadAsync<T>(HttpContext http)
        where T : class, IFromBrowser
    {
        if (!IsJson(http.Request.ContentType))
        {
            return null;
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<T>(http.Request.Body, Asked, http.RequestAborted) is { IsWithinBounds: true } ask
                ? ask
                : null;
        }
        catch (Exception error) when (error is JsonException or BadHttpRequestException)
        {
            return null;
        }
    }

    private static bool IsJson(string? type) =>
        MediaTypeHeaderValue.TryParse(type, out var said)
        && said.MediaType is { } name
        && name.Equals(JsonType, StringComparison.OrdinalIgnoreCase)
        && said.CharSet?.Trim('"').ToUpperInvariant() is null or "UTF-8";

    [LoggerMessage(Level = LogLevel.Information, Message = "The storage did not do what an upload asked")]
    private static partial void LogRefused(ILogger log, Exception error);
}
