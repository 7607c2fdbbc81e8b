using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>
/// Vectors of Amazon's own signature test suite: https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
/// </summary>
public sealed class SigV4Tests
{
    private static readonly StoreKey Key = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    private static readonly DateTimeOffset Then = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("GET", "/?Param1=value1&Param2=value2", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    public void A_request_is_signed_as_Amazon_signs_it(string method, string path, string signature)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri("http://example.amazonaws.com" + path));
        SigV4.Sign(request, Key, "us-east-1", "service", Then);
        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}",
            Assert.Single(request.Headers.GetValues("Authorization"))
        );
    }

    [Fact]
    public void A_query_is_sorted_and_escaped_as_it_is_signed() =>
        Assert.Equal("a=x%20y&a-b=%2B&uid=%C3%BC~", SigV4.Query([new("uid", "ü~"), new("a", "x y"), new("a-b", "+")]));

    [Fact]
    public void A_key_tells_its_secret_to_no_log() => Assert.DoesNotContain("wJalr", Key.ToString(), StringComparison.Ordinal);
}
