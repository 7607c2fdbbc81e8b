using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Storage;

/// <summary>
/// A bucket's CORS rules are its owner's, and one, told apart by its id, is Portal's: by it the pages upload from the browser. Whoever writes the
/// owner's rules must keep that one.
/// </summary>
public static class BucketCors
{
    public const string PortalsRule = "portal-pages";

    public static IReadOnlyList<CORSRule> OwnersPart(IEnumerable<CORSRule> rules) => [.. rules.Where(rule => rule.Id is not PortalsRule)];

    public static bool Allows(IEnumerable<CORSRule> rules, string origin) =>
        rules.Any(rule => rule.Id is PortalsRule && rule.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase));

    public static CORSRule ForPortal(string origin) => new()
    {
        Id = PortalsRule,
        AllowedOrigins = [origin],
        AllowedMethods = ["GET", "HEAD", "PUT", "POST", "DELETE"],
        AllowedHeaders = ["*"],
        ExposeHeaders = ["ETag", "Content-Length", "Content-Type", "x-amz-version-id"],
        MaxAgeSeconds = 3600,
    };

    public static async Task<IReadOnlyList<CORSRule>> ReadAsync(IAmazonS3 s3, string bucket, CancellationToken ct)
    {
        try
        {
            return (await s3.GetCORSConfigurationAsync(new GetCORSConfigurationRequest { BucketName = bucket }, ct)).Configuration?.Rules ?? [];
        }
        catch (AmazonS3Exception error) when (error.StatusCode is HttpStatusCode.NotFound && error.ErrorCode is not "NoSuchBucket")
        {
            return [];
        }
    }

    public static Task WriteAsync(IAmazonS3 s3, string bucket, List<CORSRule> rules, CancellationToken ct) =>
        s3.PutCORSConfigurationAsync(new PutCORSConfigurationRequest { BucketName = bucket, Configuration = new CORSConfiguration { Rules = rules } }, ct);
}
