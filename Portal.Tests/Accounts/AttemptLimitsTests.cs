using System.Net;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AttemptLimitsTests(TestPostgres postgres) : ServedTests(postgres)
{
    protected override (string Key, string Value)[] Settings => [("Accounts:PostsPerMinute", "12"), ("Accounts:PostsPerEmail", "3")];

    [Theory]
    [InlineData("/sign-in", "Sign in")]
    [InlineData("/sign-up", "Sign up")]
    [InlineData("/forgot-password", "Send the link")]
    public async Task Too_many_tries_with_one_address_are_answered_429_in_words(string path, string button)
    {
        using var client = Server.NewClient();
        var statuses = new List<HttpStatusCode>();
        for (var time = 0; time < 4; time++)
        {
            using var answer = await client.SubmitAsync(path, button, ("Email", "nobody@example.com"), ("Password", $"wrong password {time}"));
            statuses.Add(answer.StatusCode);
            if (answer.StatusCode is HttpStatusCode.Found)
            {
                client.Cookies.GetAllCookies().First(cookie => cookie.Name == "portal").Expired = true;
            }
        }

        Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses[..3]);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[3]);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-up")]
    [InlineData("/forgot-password")]
    [InlineData("/reset-password?user=x&code=y")]
    public async Task Too_many_posts_from_one_network_are_answered_429_by_a_readable_page(string path)
    {
        using var client = Server.NewClient();
        var form = (await client.PageAsync(path)).Forms[0];
        for (var time = 0; time < 12; time++)
        {
            using var answer = await client.SendAsync(path, form, ("Email", ""), ("Password", ""));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var last = await client.SendAsync(path, form, ("Email", ""), ("Password", ""));
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal("Too many tries", (await FormClient.ReadAsync(last)).QuerySelector("h1")?.TextContent);
        using var reading = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, reading.StatusCode);
    }
}
