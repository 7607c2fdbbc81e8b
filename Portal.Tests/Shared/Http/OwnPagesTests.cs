using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Shared;

namespace Portal.Tests.Shared;

/// <summary>What Portal does for its own pages only, asked by a program that writes whatever headers it likes.</summary>
[Trait("Needs", "database")]
public sealed class OwnPagesTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Own = "https://portal.example.com";

    private static readonly Dictionary<string, string> Programs = new(StringComparer.Ordinal)
    {
        ["/healthz"] = "says only that the process lives, and its version",
        ["/readyz"] = "says only whether the database answers",
        ["/webhooks/stripe"] = "Stripe's events carry its signature",
        ["/console/worker/{id:guid}"] = "a worker shows the secret of the ticket that a browser has just used",
    };

    private static readonly (HttpMethod Method, string Path, bool IsWebSocket)[] Transports =
    [
        (HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", false),
        (HttpMethod.Options, "/_blazor/negotiate", false),
        (HttpMethod.Get, "/_blazor?id=a", true),
        (HttpMethod.Get, "/_blazor", true),
        (HttpMethod.Get, "/_BLAZOR?id=a", false),
        (HttpMethod.Post, "/_blazor?id=a", false),
        (HttpMethod.Delete, "/_blazor?id=a", false),
        (HttpMethod.Post, "/_blazor/disconnect", false),
        (HttpMethod.Get, "/_blazor/initializers", false),
        (HttpMethod.Get, "/console/6f9619ff-8b86-d011-b42d-00cf4fc964ff", true),
        (HttpMethod.Get, "/instances", true),
        (HttpMethod.Post, "/sign-in", false),
        (HttpMethod.Put, "/not-there", false),
    ];

    private string cookies = "";

    protected override (string Key, string Value)[] Settings => [("Portal:Url", Own)];

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("https://s3.example.com")]
    [InlineData("https://example.com")]
    [InlineData("https://portal.example.com.evil.net")]
    [InlineData("https://evilportal.example.com")]
    [InlineData("https://portal.example.com@evil.net")]
    [InlineData("https://portal.example.com:8443")]
    [InlineData("https://portal.example.com/")]
    [InlineData("http://portal.example.com")]
    [InlineData("https://portal.example.com https://evil.net")]
    [InlineData("https://PORTAL.EXAMPLE.COM")]
    public async Task Another_origin_reaches_no_circuit_no_socket_and_no_form_by_any_way(string? origin)
    {
        foreach (var (method, path, isWebSocket) in Transports)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(method, path, isWebSocket, origin));

            // Beside a foreign origin the other header says nothing; a neighbour on the same site has “same-site”.
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(method, path, isWebSocket, origin, "same-site"));
            if (origin is not null)
            {
                Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(method, path, isWebSocket, origin, "same-origin"));
            }
        }
    }

    [Fact]
    public async Task Two_origins_at_once_are_none()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Server.Address, "/_blazor/negotiate?negotiateVersion=1"))
        {
            Headers = { Host = "portal.example.com" },
        };
        request.Headers.TryAddWithoutValidation("Origin", [Own, "https://evil.net"]);
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(request));
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    [InlineData("none")]
    [InlineData("Same-Origin, same-site")]
    public async Task Without_an_origin_only_a_browser_s_word_for_the_same_one_counts(string site)
    {
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(HttpMethod.Get, "/_blazor?id=a", false, null, site));
        Assert.NotEqual(HttpStatusCode.Forbidden, await AskAsync(HttpMethod.Get, "/_blazor?id=a", false, null, "same-origin"));
    }

    [Fact]
    public async Task Portal_s_own_page_gets_through_by_each_way()
    {
        var person = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        client.Http.DefaultRequestHeaders.Host = "portal.example.com";
        client.Http.DefaultRequestHeaders.Add("Origin", Own);
        using var signedIn = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        cookies = client.CookieHeader;
        Assert.Equal(HttpStatusCode.OK, await AskAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", false, Own));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await AskAsync(HttpMethod.Get, "/_blazor", true, Own));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(HttpMethod.Get, "/_blazor/initializers", false, null, "same-origin"));
        foreach (var (method, path, isWebSocket) in Transports)
        {
            Assert.NotEqual(HttpStatusCode.Forbidden, await AskAsync(method, path, isWebSocket, Own));
        }
    }

    /// <summary>Whoever adds an endpoint gets the rule; whoever leaves one to programs says here why nobody else can use it.</summary>
    [Fact]
    public async Task Every_endpoint_that_changes_something_or_opens_a_socket_is_for_Portal_s_own_pages()
    {
        var endpoints = Server
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .ToList();
        var left = endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<CalledByPrograms>() is not null)
            .ToDictionary(
                endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
                endpoint => endpoint.Metadata.GetMetadata<CalledByPrograms>()!.Why
            );
        Assert.Equal(
            Programs.OrderBy(program => program.Key, StringComparer.Ordinal),
            left.OrderBy(program => program.Key, StringComparer.Ordinal)
        );

        var asked = 0;
        foreach (var endpoint in endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<CalledByPrograms>() is null))
        {
            var path = Filled(endpoint.RoutePattern);
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } some
                ? some
                : ["GET", "POST", "PUT", "DELETE", "PATCH"];
            foreach (var method in methods.Except(["GET", "HEAD"]))
            {
                asked++;
                Assert.True(
                    await AskAsync(new HttpMethod(method), path, false, "https://s3.example.com") is HttpStatusCode.Forbidden,
                    $"{method} {path} is done for another origin."
                );
            }

            Assert.True(
                await AskAsync(HttpMethod.Get, path, true, "https://s3.example.com") is HttpStatusCode.Forbidden,
                $"{path} opens a socket for another origin."
            );
        }

        Assert.InRange(asked, 40, int.MaxValue);
    }

    [Theory]
    [InlineData("127.0.0.1", "GET", "/sign-in?returnUrl=%2Fa%20b", HttpStatusCode.Found)]
    [InlineData("localhost", "HEAD", "/", HttpStatusCode.Found)]
    [InlineData("portal.example.com:8443", "GET", "/", HttpStatusCode.Found)]
    [InlineData("127.0.0.1", "POST", "/sign-in", HttpStatusCode.MisdirectedRequest)]
    [InlineData("127.0.0.1", "POST", "/_blazor/negotiate", HttpStatusCode.MisdirectedRequest)]
    [InlineData("127.0.0.1", "GET", "/healthz", HttpStatusCode.OK)]
    [InlineData("portal.example.com:443", "GET", "/sign-in", HttpStatusCode.OK)]
    [InlineData("Portal.Example.com", "GET", "/sign-in", HttpStatusCode.OK)]
    public async Task Whoever_comes_by_another_name_is_led_to_Portal_s_address(
        string host,
        string method,
        string path,
        HttpStatusCode status
    )
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Server.Address, path)) { Headers = { Host = host } };
        request.Headers.TryAddWithoutValidation("Origin", $"http://{host}");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status is HttpStatusCode.Found ? Own + path : null, answer.Headers.Location?.AbsoluteUri);
    }

    /// <summary>E.g. the links of mails: a request's Host is whatever its sender wrote.</summary>
    [Fact]
    public async Task Links_in_mails_lead_to_the_portal_s_address()
    {
        using var client = Server.NewClient();
        client.Http.DefaultRequestHeaders.Host = "portal.example.com";
        client.Http.DefaultRequestHeaders.Add("Origin", Own);
        var person = await Server.AddPersonAsync();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        Assert.Contains($"\n{Own}/reset-password?", (await db.Mails.SingleAsync()).Text, StringComparison.Ordinal);
    }

    private static string Filled(RoutePattern pattern) =>
        "/"
        + string.Join(
            '/',
            pattern.PathSegments.Select(segment =>
                string.Concat(
                    segment.Parts.Select(part =>
                        part switch
                        {
                            RoutePatternLiteralPart literal => literal.Content,
                            RoutePatternParameterPart { IsCatchAll: true } => "nothing.css",
                            RoutePatternParameterPart { ParameterPolicies: [{ Content: "int" }, ..] } => "404",
                            _ => "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
                        }
                    )
                )
            )
        );

    private async Task<HttpStatusCode> AskAsync(HttpMethod method, string path, bool isWebSocket, string? origin, string? site = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Server.Address, path)) { Headers = { Host = "portal.example.com" } };
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        request.Headers.TryAddWithoutValidation("Cookie", cookies);
        if (site is not null)
        {
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", site);
        }

        if (isWebSocket)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        }

        return await SendAsync(request);
    }

    private static async Task<HttpStatusCode> SendAsync(HttpRequestMessage request)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
