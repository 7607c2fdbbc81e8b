using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Storage;

/// <summary>
/// The one CORS rule of a bucket that is Portal's: it lets Portal's own page, and no other, send files straight to S3. It stands first, since
/// Ceph looks no further than the first rule for an origin. The customer's rules are never touched. See docs/decisions/uploads.md.
/// </summary>
public static class PortalCorsRule
{
    public const string Id = "portal-pages";

    /// <summary>The page may be reached at more than one address; more than a few are leftovers.</summary>
    private const int MostOrigins = 4;

    private static readonly string[] Methods = ["PUT", "GET", "HEAD"];

    public static bool Is(CORSRule rule) => string.Equals(rule.Id, Id, StringComparison.Ordinal);

    /// <summary>Makes sure that the page at <paramref name="origin"/> may upload. Does nothing where it may already, by whatever rule.</summary>
    public static async Task EnsureAsync(OpenBucket bucket, string origin, CancellationToken ct)
    {
        var rules = await ReadAsync(bucket, ct);
        if (!MayUpload(rules, origin))
        {
            await WriteAsync(bucket, With(rules, origin), ct);
        }
    }

    /// <summary>The bucket's rules; none if nobody set any.</summary>
    public static async Task<List<CORSRule>> ReadAsync(OpenBucket bucket, CancellationToken ct)
    {
        try
        {
            return (await bucket.S3.GetCORSConfigurationAsync(bucket.Name, ct)).Configuration?.Rules ?? [];
        }
        catch (AmazonS3Exception none) when (none.ErrorCode is "NoSuchCORSConfiguration")
        {
            return [];
        }
    }

    /// <summary>Writes the customer's rules, with Portal's kept before them.</summary>
    public static async Task WriteAsync(OpenBucket bucket, IReadOnlyList<CORSRule> rules, CancellationToken ct)
    {
        if (rules.Count == 0)
        {
            await bucket.S3.DeleteCORSConfigurationAsync(bucket.Name, ct);
            return;
        }

        await bucket.S3.PutCORSConfigurationAsync(bucket.Name, new CORSConfiguration { Rules = [.. rules.OrderBy(rule => !Is(rule))] }, ct);
    }

    /// <summary>Whether S3 lets the origin put with any header: by the first rule that speaks of it, as Ceph reads them.</summary>
    public static bool MayUpload(IEnumerable<CORSRule> rules, string origin) =>
        rules.FirstOrDefault(rule => (rule.AllowedOrigins ?? []).Exists(pattern => Matches(pattern, origin))) is { } first
        && Methods.All(method => (first.AllowedMethods ?? []).Contains(method, StringComparer.Ordinal)) && (first.AllowedHeaders ?? []).Contains("*", StringComparer.Ordinal);

    private static List<CORSRule> With(List<CORSRule> rules, string origin)
    {
        var before = rules.Find(Is)?.AllowedOrigins ?? [];
        var mine = new CORSRule
        {
            Id = Id,
            AllowedOrigins = [origin, .. before.Where(known => known != origin).Take(MostOrigins - 1)],
            AllowedMethods = [.. Methods],
            AllowedHeaders = ["*"],
            ExposeHeaders = ["ETag"],
            MaxAgeSeconds = 3600,
        };
        return [mine, .. rules.Where(rule => !Is(rule))];
    }

    private static bool Matches(string pattern, string origin) => pattern.Split('*') switch
    {
        [var whole] => string.Equals(whole, origin, StringComparison.OrdinalIgnoreCase),
        [var head, var tail] => origin.Length >= head.Length + tail.Length && origin.StartsWith(head, StringComparison.OrdinalIgnoreCase) && origin.EndsWith(tail, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
