using System.Net;
using Amazon.S3;

namespace Portal.Model.Buckets;

/// <summary>What the store says, for customers. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html</summary>
public static class S3Sentences
{
    public const string Away = "The object store does not answer at the moment. Try again in a few seconds.";

    public const string Denied = "The bucket's own rules do not allow this, not even to you.";

    /// <summary>Of an object that somebody wrote while it was to be moved or deleted.</summary>
    public const string ChangedMeanwhile = "It was changed meanwhile, so it was kept.";

    public static string Of(AmazonS3Exception error) =>
        (error.ErrorCode, error.StatusCode) switch
        {
            ("QuotaExceeded", _) => "This would exceed your quota of bytes or of objects: delete something, or ask support for more.",
            ("NoSuchBucket", _) => "The bucket is not there any more.",
            ("NoSuchKey" or "NotFound", _) or (_, HttpStatusCode.NotFound) => "There is no such object any more.",
            ("NoSuchUpload", _) => "This upload was ended or has expired: begin it again.",
            ("NoSuchVersion", _) => "There is no such version any more.",
            ("EntityTooLarge", _) => "It is larger than the object store takes: 5 TiB, and 5 GiB for one part.",
            ("EntityTooSmall", _) => "A part of an upload has at least 5 MiB, the last one excepted.",
            ("KeyTooLongError", _) => "A name has at most 1,024 bytes.",
            ("UserSuspended", _) => "This account is suspended in the object store.",
            ("AccessDenied", _) or (_, HttpStatusCode.Forbidden) => Denied,
            ("MalformedPolicy" or "InvalidPolicyDocument", _) =>
                "The object store does not understand this policy. Check the spelling of its actions, principals and conditions, and that each resource is this bucket.",
            ("MalformedXML" or "InvalidArgument" or "InvalidRequest", _) =>
                "The object store does not take this: one of its values is not what S3 expects.",
            ("SlowDown" or "ServiceUnavailable", _) or (_, >= HttpStatusCode.InternalServerError) => Away,
            _ => $"The object store refused: {error.ErrorCode}.",
        };
}
