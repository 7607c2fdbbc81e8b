using Portal.Accounts;
using Portal.Model.Buckets;
using Portal.Shared;

namespace Portal.Buckets;

/// <summary>A link that the owner's browser can follow at any time: each time it leads on to a fresh address of the storage.</summary>
public sealed class DownloadEndpoint(BucketGateway buckets)
{
    /// <summary>Ids of versions have 32 characters here, and up to 1,024 at Amazon.</summary>
    private const int LongestVersion = 1024;

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/buckets/{name}/download", AnswerAsync).RequireAuthorization();

    private async Task<IResult> AnswerAsync(HttpContext http, string name, string? key, string? version)
    {
        var opened = await buckets.OpenNamedAsync(CurrentActor.Of(http.User, http.Connection.RemoteIpAddress), name, http.RequestAborted);
        using var bucket = opened.Value;
        if (bucket is null)
        {
            return opened.Refusal!.Answer();
        }

        if (
            string.IsNullOrEmpty(key)
            || key.Length > ObjectKey.MaxBytes
            || (version is not null && !IsVersion(version))
            || ObjectKey.WhyNotInBrowser(key) is not null
        )
        {
            return Results.NotFound();
        }

        http.Response.Headers.CacheControl = "no-store";
        return Results.Redirect(ObjectLinks.Download(bucket, key, version));
    }

    /// <summary>Ids of versions need no escaping in an address (Amazon's guide: "URL-ready"), and the SDK escapes none.</summary>
    private static bool IsVersion(string id) =>
        id.Length <= LongestVersion && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~');
}
