using System.Net;
using Amazon.S3;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>What the store says, for customers. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html</summary>
public static class S3Sentences
{
    public const string Away = "The object store does not answer at the moment. Try again in a few seconds.";

    public const string Denied = "The bucket's own rules do not allow this, not even to you.";

    /// <summary>Of an object that somebody wrote while it was to be moved or deleted.</summary>
    public const string ChangedMeanwhile = "It was changed meanwhile, so it was kept.";

    public static Refusal Of(AmazonS3Exception error) =>
        (error.ErrorCode, error.StatusCode) switch
        {
            ("QuotaExceeded", _) => Refusal.Limit(
                "This would exceed your quota of bytes or of objects: delete something, or ask support for more."
            ),
            ("NoSuchBucket", _) => Refusal.NotFound("The bucket is not there any more."),
            ("NoSuchKey" or "NotFound", _) or (_, HttpStatusCode.NotFound) => Refusal.NotFound("There is no such object any more."),
            ("NoSuchUpload", _) => Refusal.NotFound("This upload was ended or has expired: begin it again."),
            ("NoSuchVersion", _) => Refusal.NotFound("There is no such version any more."),
            ("EntityTooLarge", _) => Refusal.Invalid("It is larger than the object store takes: 5 TiB, and 5 GiB for one part."),
            ("EntityTooSmall", _) => Refusal.Invalid("A part of an upload has at least 5 MiB, the last one excepted."),
            ("KeyTooLongError", _) => Refusal.Invalid("A name has at most 1,024 bytes."),
            ("UserSuspended", _) => Refusal.Forbidden("This account is suspended in the object store."),
            ("AccessDenied", _) or (_, HttpStatusCode.Forbidden) => Refusal.Forbidden(Denied),
            ("MalformedPolicy" or "InvalidPolicyDocument", _) => Refusal.Invalid(
                "The object store does not understand this policy. Check the spelling of its actions, principals and conditions, and that each resource is this bucket."
            ),
            ("MalformedXML" or "InvalidArgument" or "InvalidRequest", _) => Refusal.Invalid(
                "The object store does not take this: one of its values is not what S3 expects."
            ),
            ("SlowDown" or "ServiceUnavailable", _) or (_, >= HttpStatusCode.InternalServerError) => Refusal.State(Away),
            _ => Refusal.State($"The object store refused: {error.ErrorCode}."),
        };
}
