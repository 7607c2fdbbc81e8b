using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;
using Amazon.S3.Internal;

namespace Portal.Model.Buckets;

/// <summary>Amazon's own client, set up for the region's store.</summary>
public static class S3Client
{
    /// <summary>
    /// Checksums only where S3 demands one: RADOS Gateway 16 refuses the trailers that newer SDKs send by default. No retries: who calls
    /// decides. Buckets stand in the path, so that one host name and one certificate do for all.
    /// </summary>
    /// <param name="ownConnections">
    /// For a key that may be denied: RADOS Gateway leaves the body of a denied upload in the connection, and takes it for the next request
    /// of whoever shares that.
    /// </param>
    public static AmazonS3Client Of(
        string endpoint,
        string signingRegion,
        StoreKey key,
        TimeSpan? timeout = null,
        bool ownConnections = false
    ) =>
        new WithoutRedirects(
            new BasicAWSCredentials(key.AccessKeyId, key.Secret),
            new AmazonS3Config
            {
                ServiceURL = endpoint,
                AuthenticationRegion = signingRegion,
                ForcePathStyle = true,
                UseHttp = endpoint.StartsWith("http://", StringComparison.Ordinal),
                MaxErrorRetry = 0,
                CacheHttpClient = !ownConnections,
                Timeout = timeout ?? TimeSpan.FromSeconds(30),
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );

    /// <summary>
    /// Amazon's leads customers of the wrong region on, and signs the request anew for wherever the answer says. A store of ours has one
    /// address; another would be somebody's trick.
    /// </summary>
    private sealed class WithoutRedirects(AWSCredentials credentials, AmazonS3Config config) : AmazonS3Client(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            pipeline.ReplaceHandler<AmazonS3RedirectHandler>(new RefusedRedirects());
            pipeline.AddHandlerBefore<Marshaller>(new OddNamesInLists());
            pipeline.AddHandlerAfter<Unmarshaller>(new OddNamesInAnswers());
        }
    }

    private sealed class RefusedRedirects : PipelineHandler
    {
        public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
        {
            var answer = await base.InvokeAsync<T>(executionContext);
            var response = executionContext.ResponseContext.HttpResponse;
            return (int)response.StatusCode is >= 300 and < 400 && response.IsHeaderPresent("Location")
                ? throw new AmazonS3Exception(
                    "The store leads to another address, where nothing of ours is.",
                    ErrorType.Unknown,
                    "Redirect",
                    null,
                    response.StatusCode
                )
                : answer;
        }
    }
}
