using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

public sealed class S3SentencesTests
{
    [Theory]
    [InlineData("MalformedPolicy", HttpStatusCode.BadRequest, "does not understand this policy")]
    [InlineData("InvalidPolicyDocument", HttpStatusCode.BadRequest, "does not understand this policy")]
    [InlineData("MalformedXML", HttpStatusCode.BadRequest, "does not take this")]
    [InlineData("InvalidArgument", HttpStatusCode.BadRequest, "does not take this")]
    [InlineData("InvalidRequest", HttpStatusCode.BadRequest, "does not take this")]
    [InlineData("Strange", HttpStatusCode.BadRequest, "refused: Strange")]
    [InlineData("Strange", HttpStatusCode.BadGateway, "does not answer")]
    public void The_stores_own_words_are_not_for_customers(string code, HttpStatusCode status, string part)
    {
        var sentence = S3Sentences.Of(new AmazonS3Exception("rgw: error at 17 in rule_parser", ErrorType.Sender, code, "request", status));
        Assert.Contains(part, sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("rgw", sentence, StringComparison.Ordinal);
    }
}
