using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SecurityHeadersTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Theory]
    [InlineData("/")]
    [InlineData("/not-there")]
    [InlineData("/instances")]
    [InlineData("/favicon.svg")]
    public async Task Every_answer_forbids_framing_sniffing_foreign_scripts_and_telling_where_one_came_from(string path)
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var answer = await client.GetAsync(path);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("object-src 'none'", policy, StringComparison.Ordinal);
        Assert.Matches("script-src 'self' 'nonce-[0-9a-f]{32}';", policy);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_other_sites()
    {
        var person = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith("portal=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
    }
}
