using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Rgw;

/// <summary>What the store says, as one of three faults.</summary>
internal static class RgwErrors
{
    /// <summary>What is said first when the administrator's key is not taken.</summary>
    public const string UnknownKey = "The object store does not know Portal's key";

    public const string NameOfAnother = "The name belongs to somebody else's bucket: names are unique among all customers.";

    public static EngineException Of(HttpStatusCode status, string code, Exception? inner = null) =>
        (code, status) switch
        {
            (_, HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError) =>
                new EngineException(EngineFault.Unavailable, $"The object store is busy or out of order: {Text(status, code)}.", inner),
            ("InvalidAccessKeyId" or "SignatureDoesNotMatch" or "RequestTimeTooSkewed", _) => new EngineException(
                EngineFault.Unavailable,
                $"{UnknownKey}: {code}.",
                inner
            ),
            ("UserSuspended", _) => new EngineException(EngineFault.Unavailable, "The user is suspended in the object store.", inner),
            ("BucketAlreadyExists", _) => new EngineException(EngineFault.Rejected, NameOfAnother, inner),
            ("TooManyBuckets", _) => new EngineException(EngineFault.Rejected, "Your quota of buckets is used up.", inner),
            (_, HttpStatusCode.NotFound) => new EngineException(
                EngineFault.Missing,
                $"The object store does not have it: {Text(status, code)}.",
                inner
            ),
            (_, HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized) => new EngineException(
                EngineFault.Unavailable,
                $"The object store does not let Portal do this: {Text(status, code)}.",
                inner
            ),
            _ => new EngineException(EngineFault.Rejected, $"The object store refuses: {Text(status, code)}.", inner),
        };

    public static EngineException Of(AmazonS3Exception error) => Of(error.StatusCode, error.ErrorCode ?? "", error);

    /// <summary>No answer came, or only a part of one. That the caller gave up is not among it.</summary>
    public static bool IsAway(Exception error, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && error is HttpRequestException or IOException or TaskCanceledException or TimeoutException or AmazonClientException
        && error is not AmazonS3Exception;

    private static string Text(HttpStatusCode status, string code) => code.Length > 0 ? code : $"HTTP {(int)status}";
}
