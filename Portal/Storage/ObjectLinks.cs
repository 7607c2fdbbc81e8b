using System.Net.Http.Headers;
using Amazon.S3;
using Portal.Model.Storage;

namespace Portal.Storage;

/// <summary>Addresses that open one object to whoever has them, for a time. They cannot be taken back before that.</summary>
public static class ObjectLinks
{
    /// <summary>As long as a person needs to press a button, and a picture to load.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMinutes(15);

    /// <summary>S3 signs for a week at most.</summary>
    public static readonly IReadOnlyList<(TimeSpan Life, string Label)> Lives =
    [
        (TimeSpan.FromMinutes(15), "15 minutes"), (TimeSpan.FromHours(1), "1 hour"), (TimeSpan.FromHours(12), "12 hours"), (TimeSpan.FromDays(1), "1 day"),
        (TimeSpan.FromDays(3), "3 days"), (TimeSpan.FromDays(7), "7 days"),
    ];

    /// <summary>Saves it under its own name, whatever it is.</summary>
    public static string Download(OpenBucket bucket, string key, string? versionId = null) => bucket.Link(HttpVerb.GET, key, Moment, request =>
    {
        request.VersionId = versionId;
        request.ResponseHeaderOverrides.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = Ascii(key), FileNameStar = ObjectKey.NameOf(key) }.ToString();
    });

    /// <summary>Shows it, as a picture of the page.</summary>
    public static string View(OpenBucket bucket, string key) => bucket.Link(HttpVerb.GET, key, Moment);

    /// <summary>To be given away.</summary>
    public static string Share(OpenBucket bucket, string key, TimeSpan life) => bucket.Link(HttpVerb.GET, key, life);

    /// <summary>For clients that do not read the other form: what a header can hold.</summary>
    private static string Ascii(string key) => $"\"{new string([.. ObjectKey.NameOf(key).Select(c => c is >= ' ' and <= '~' and not ('"' or '\\' or '%') ? c : '_')])}\"";
}
