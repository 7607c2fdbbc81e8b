using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>Addresses that open one object to whoever has them, for a time. They cannot be taken back before that.</summary>
public static class ObjectLinks
{
    /// <summary>As long as a person needs to press a button, and a picture to load.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMinutes(15);

    private static readonly string[] Shown =
    [
        "text/plain",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "image/x-icon",
    ];

    /// <summary>S3 signs for a week at most.</summary>
    public static readonly IReadOnlyList<(TimeSpan Life, string Label)> Lives =
    [
        (TimeSpan.FromMinutes(15), "15 minutes"),
        (TimeSpan.FromHours(1), "1 hour"),
        (TimeSpan.FromHours(12), "12 hours"),
        (TimeSpan.FromDays(1), "1 day"),
        (TimeSpan.FromDays(3), "3 days"),
        (TimeSpan.FromDays(7), "7 days"),
    ];

    /// <summary>Saves it under its own name, whatever it is.</summary>
    public static string Download(OpenBucket bucket, string key, string? versionId = null) =>
        bucket.Link(
            HttpVerb.GET,
            key,
            Moment,
            request =>
            {
                request.VersionId = versionId;
                Save(request, key);
            }
        );

    /// <summary>Shows it, as a picture of the page. Opened by itself it is saved: an SVG can hold scripts.</summary>
    public static string View(OpenBucket bucket, string key) => bucket.Link(HttpVerb.GET, key, Moment, request => Save(request, key));

    /// <summary>
    /// To be given away. What a browser could run is saved rather than opened; what it can only show is served as that, whatever is put
    /// there later.
    /// </summary>
    /// <param name="contentType">That it has now.</param>
    public static string Share(OpenBucket bucket, string key, string? contentType, TimeSpan life) =>
        bucket.Link(
            HttpVerb.GET,
            key,
            life,
            request =>
            {
                if (IsHarmless(contentType))
                {
                    request.ResponseHeaderOverrides.ContentType = contentType;
                }
                else
                {
                    Save(request, key);
                }
            }
        );

    private static void Save(GetPreSignedUrlRequest request, string key) =>
        request.ResponseHeaderOverrides.ContentDisposition = new ContentDispositionHeaderValue("attachment")
        {
            FileName = Ascii(key),
            FileNameStar = ObjectKey.NameOf(key),
        }.ToString();

    /// <summary>No browser runs anything of these, nor takes them for anything else.</summary>
    private static bool IsHarmless(string? contentType) =>
        contentType?.Split(';')[0].Trim().ToLowerInvariant() is { } type
        && (
            Shown.Contains(type)
            || type.StartsWith("audio/", StringComparison.Ordinal)
            || type.StartsWith("video/", StringComparison.Ordinal)
        );

    /// <summary>For clients that do not read the other form: what a header can hold.</summary>
    private static string Ascii(string key) =>
        $"\"{new string([.. ObjectKey.NameOf(key).Select(c => c is >= ' ' and <= '~' and not ('"' or '\\' or '%') ? c : '_')])}\"";
}
