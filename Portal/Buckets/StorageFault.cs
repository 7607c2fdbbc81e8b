using System.Net;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>Tells what went wrong at the store from a mistake of ours. Its words are <see cref="S3Sentences"/>.</summary>
public static class StorageFault
{
    /// <summary>Whether the store refused, or could not be reached.</summary>
    public static bool Is(Exception error) =>
        error
            is AmazonServiceException
                or AmazonClientException
                or HttpRequestException
                // An answer that nobody can read.
                or XmlException
                or IOException
                or TimeoutException
                or TaskCanceledException { InnerException: TimeoutException };

    /// <summary>Whether the same may succeed a moment later.</summary>
    public static bool IsAway(Exception error) =>
        error is not AmazonServiceException service || (int)service.StatusCode is 0 or >= (int)HttpStatusCode.InternalServerError;

    public static bool IsMissing(AmazonServiceException error) => error.StatusCode is HttpStatusCode.NotFound;

    public static string Code(Exception error) => error is AmazonServiceException { ErrorCode: { Length: > 0 } code } ? code : "";

    public static string Sentence(Exception error) => Refuse(error).Sentence;

    public static Refusal Refuse(Exception error) =>
        error is AmazonS3Exception said && !IsAway(said) ? S3Sentences.Of(said) : Refusal.State(S3Sentences.Away);
}
