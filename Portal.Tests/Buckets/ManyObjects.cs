using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Tests.Buckets;

/// <summary>Fills a bucket with small objects, named by their numbers.</summary>
internal static class ManyObjects
{
    /// <summary>As many as two processors keep going.</summary>
    private const int AtOnce = 24;

    public static Task PutAsync(IAmazonS3 s3, string bucket, int count, string prefix = "", CancellationToken ct = default) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
            async (number, ct) =>
                await s3.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket,
                        Key = string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:d7}"),
                        ContentBody = "x",
                        UseChunkEncoding = false,
                    },
                    ct
                )
        );
}
