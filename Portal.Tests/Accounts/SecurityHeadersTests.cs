using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Portal.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SecurityHeadersTests(OneServer one) : OneServerTests(one)
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
        Assert.Matches("style-src 'self'; style-src-elem 'self' 'nonce-[0-9a-f]{32}'; style-src-attr 'unsafe-inline';", policy);
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.False(answer.Headers.Contains("Strict-Transport-Security")); // over http, on a laptop
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task A_browser_that_was_there_by_https_comes_back_by_https_for_a_year()
    {
        await using var server = await PortalServer.StartAsync(ConnectionString, settings: ("Portal:Url", "https://portal.example.com"));
        using var client = server.NewClient();
        client.Http.DefaultRequestHeaders.Host = "portal.example.com";
        using var answer = await client.GetAsync("/sign-in");
        Assert.Equal("max-age=31536000; includeSubDomains", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")));
    }

    /// <summary>
    /// Below a whole domain there may be what is not Portal's and has no certificate: it would be out of reach for a year.
    /// </summary>
    [Theory]
    [InlineData("https://portal.example.com", null, true)]
    [InlineData("https://portal.example.co.uk", null, true)]
    [InlineData("https://example.com", null, false)]
    [InlineData("https://example.co.uk:8443", null, false)]
    [InlineData("https://192.0.2.7", null, false)]
    [InlineData("https://example.com", "true", true)]
    [InlineData("https://portal.example.com", "false", false)]
    public void Names_below_come_by_https_too_unless_Portal_has_a_whole_domain_or_is_told_otherwise(string url, string? told, bool isToo)
    {
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["Portal:Url"] = url, ["Portal:NamesBelow"] = told }
            )
            .Build();
        Assert.Equal(isToo, new PortalAddress(settings, null!).SpeaksForNamesBelow);
    }

    [Fact]
    public async Task Signing_out_leaves_nothing_in_the_browser()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var left = await client.SubmitAsync("/settings", "Sign out");
        Assert.Equal("\"cache\", \"storage\"", Assert.Single(left.Headers.GetValues("Clear-Site-Data")));
    }

    [Fact]
    public async Task The_cookies_are_out_of_reach_of_scripts_other_sites_and_neighbours_on_the_same_domain()
    {
        var person = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith("__Host-portal=", StringComparison.Ordinal));
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        using var form = await Server.NewClient().GetAsync("/sign-in");
        var token = Assert.Single(form.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-portal-form=", token, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", token, StringComparison.OrdinalIgnoreCase);
        foreach (var each in answer.Headers.GetValues("Set-Cookie").Append(token))
        {
            Assert.StartsWith("__Host-", each, StringComparison.Ordinal);
            Assert.Contains("; httponly", each, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; secure", each, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; path=/;", each, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("domain=", each, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>Also those that no test happens to be given.</summary>
    [Fact]
    public void Each_kind_of_cookie_that_Portal_may_set_is_bound_to_its_host()
    {
        var options = Server.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>();
        string[] schemes =
        [
            IdentityConstants.ApplicationScheme,
            IdentityConstants.ExternalScheme,
            IdentityConstants.TwoFactorUserIdScheme,
            IdentityConstants.TwoFactorRememberMeScheme,
        ];
        Assert.All(schemes, scheme => Assert.StartsWith("__Host-", options.Get(scheme).Cookie.Name, StringComparison.Ordinal));
        Assert.Equal(schemes.Length, schemes.Select(scheme => options.Get(scheme).Cookie.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("{0}; __Host-portal=another", HttpStatusCode.BadRequest)]
    [InlineData("__host-PORTAL=another; {0}", HttpStatusCode.BadRequest)]
    [InlineData("=__Host-portal=another; {0}", HttpStatusCode.BadRequest)]
    [InlineData("portal=another; theme=a; theme=b; {0}", HttpStatusCode.OK)]
    public async Task Two_of_Portal_s_cookies_with_one_name_are_refused(string cookies, HttpStatusCode status)
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/settings");
        request.Headers.TryAddWithoutValidation("Cookie", string.Format(CultureInfo.InvariantCulture, cookies, client.CookieHeader));
        using var answer = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
    }
}
