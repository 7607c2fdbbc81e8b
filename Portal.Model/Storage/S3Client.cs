using Amazon.Runtime;
using Amazon.S3;

namespace Portal.Model.Storage;

/// <summary>Amazon's own client, set up for the region's store.</summary>
public static class S3Client
{
    /// <summary>
    /// Checksums only where S3 demands one: RADOS Gateway 16 refuses the trailers that newer SDKs send by default. No retries: who calls decides. Buckets stand in the path,
    /// so that one host name and one certificate do for all.
    /// </summary>
    public static AmazonS3Client Of(string endpoint, string signingRegion, StoreKey key, TimeSpan? timeout = null) => new(
        new BasicAWSCredentials(key.AccessKeyId, key.Secret),
        new AmazonS3Config
        {
            ServiceURL = endpoint,
            AuthenticationRegion = signingRegion,
            ForcePathStyle = true,
            UseHttp = endpoint.StartsWith("http://", StringComparison.Ordinal),
            MaxErrorRetry = 0,
            Timeout = timeout ?? TimeSpan.FromSeconds(30),
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
}
