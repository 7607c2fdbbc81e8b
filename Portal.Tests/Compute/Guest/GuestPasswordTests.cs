using Portal.Compute;

namespace Portal.Tests.Compute;

public sealed class GuestPasswordTests
{
    /// <summary>The examples of the specification, which OpenSSL agrees with. https://www.akkadia.org/drepper/SHA-crypt.txt</summary>
    [Theory]
    [InlineData(
        "$6$saltstring",
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    )]
    [InlineData(
        "$6$rounds=5000$toolongsaltstring",
        "This is just a test",
        "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"
    )]
    public void A_hash_is_what_the_specification_says(string setting, string password, string hash) =>
        Assert.Equal(hash, GuestPassword.Hash(password, setting));

    [Fact]
    public void Passwords_differ_and_so_do_the_hashes_of_one()
    {
        Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => GuestPassword.Make()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(
            Enumerable.Range(0, 20).Select(_ => GuestPassword.Make()),
            password => Assert.Matches("^([a-z2-9]{5}-){3}[a-z2-9]{5}$", password)
        );
        var (one, two) = (GuestPassword.Hash("same"), GuestPassword.Hash("same"));
        Assert.NotEqual(one, two);
        Assert.Equal(one, GuestPassword.Hash("same", one));
        Assert.NotEqual(one, GuestPassword.Hash("other", one));
    }
}
