using Amazon.S3.Model;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>One line of a folder: an object, or a folder below it.</summary>
/// <param name="Key">Whole; a folder's ends with a slash.</param>
public sealed record ObjectLine(string Key, long Size, DateTimeOffset? Modified)
{
    public bool IsFolder => Key.EndsWith('/');

    public string Name => ObjectKey.NameOf(Key) is { Length: > 0 } name ? name : "(no name)";

    internal static ObjectLine Of(S3Object found) =>
        new(found.Key, found.Size ?? 0, found.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime(), TimeSpan.Zero) : null);
}
