using System.Net;

namespace Portal.Tests.Shared;

/// <summary>Production behind a proxy that does not say by what it was reached.</summary>
[Trait("Needs", "database")]
public sealed class PlainHttpTests(TestPostgres postgres) : TestDatabase(postgres)
{
    [Fact]
    public async Task A_page_asked_for_by_plain_http_names_the_header_that_is_missing()
    {
        await using var server = await PortalServer.StartAsync(
            ConnectionString,
            builder => builder.Environment.EnvironmentName = "Production",
            settings: [("Portal:Url", "https://portal.test"), ("Portal:KnownProxies", "127.0.0.1, ::1")]
        );
        using var plain = server.NewClient();
        foreach (var path in (string[])["/sign-in", "/", "/instances", "/no/such/page"])
        {
            using var answer = await plain.GetAsync(path);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(
                "The proxy in front of it has to pass on X-Forwarded-Proto: https",
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
        }

        using var ready = await plain.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        using var proxied = server.NewClient();
        proxied.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        proxied.Http.DefaultRequestHeaders.Host = "portal.test";
        using var page = await proxied.GetAsync("/sign-in");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }
}
