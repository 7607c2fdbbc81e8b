using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Model.Buckets;

/// <summary>
/// A bucket's policy as the store holds it. Amazon's client hands out the answer's body as the policy even if that is an error's XML.
/// </summary>
public static class StoredPolicy
{
    /// <summary>Null if there is none. Throws <see cref="AmazonS3Exception"/>, also if there is no such bucket.</summary>
    public static async Task<string?> ReadAsync(IAmazonS3 s3, string bucket, CancellationToken ct)
    {
        try
        {
            var answer = await s3.GetBucketPolicyAsync(new GetBucketPolicyRequest { BucketName = bucket }, ct);
            return answer.Policy switch
            {
                null or "" => null,
                _ when answer.HttpStatusCode is not HttpStatusCode.NotFound && !answer.Policy.StartsWith('<') => answer.Policy,
                _ when answer.Policy.Contains("<Code>NoSuchBucketPolicy</Code>", StringComparison.Ordinal) => null,
                _ => throw new AmazonS3Exception(
                    "There is no such bucket.",
                    Amazon.Runtime.ErrorType.Sender,
                    "NoSuchBucket",
                    answer.ResponseMetadata?.RequestId,
                    HttpStatusCode.NotFound
                ),
            };
        }
        catch (AmazonS3Exception error) when (error.ErrorCode is "NoSuchBucketPolicy")
        {
            return null;
        }
    }
}
