using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

public sealed class BucketNameTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("my-photos-2026")]
    [InlineData("1.2.3")]
    [InlineData("static.example.com")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890ab")]
    public void A_name_that_S3_takes_is_taken(string name) => Assert.Null(BucketName.Check(name).Reason);

    [Theory]
    [InlineData("", "Give it a name")]
    [InlineData("ab", "at least 3")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890abc", "At most 63 characters are allowed; this has 64")]
    [InlineData("Photos", "lowercase letters")]
    [InlineData("my photos", "A space")]
    [InlineData("my_photos", "An underscore")]
    [InlineData("bücher", "“ü”")]
    [InlineData("a/b", "“/”")]
    [InlineData("-abc", "begin with")]
    [InlineData("abc.", "end with")]
    [InlineData("a..b", "Two dots")]
    [InlineData("a.-b", "dot and a hyphen")]
    [InlineData("192.168.5.4", "IP address")]
    [InlineData("010.0.0.01", "IP address")]
    [InlineData("xn--abc", "reserved")]
    [InlineData("abc-s3alias", "reserved")]
    public void A_name_that_breaks_a_rule_is_refused_with_that_rule(string name, string part) =>
        Assert.Contains(part, BucketName.Check(name).Reason, StringComparison.Ordinal);
}
