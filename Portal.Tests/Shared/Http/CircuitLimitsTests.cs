using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Portal.Accounts;
using Portal.Shared;

namespace Portal.Tests.Shared;

/// <summary>How many circuits and messages of one browser are taken.</summary>
public sealed class CircuitLimitsTests
{
    private readonly FakeTimeProvider clock = new();
    private readonly CircuitLimits limits;

    public CircuitLimitsTests()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Circuits:PerSession"] = "2",
            ["Circuits:PerNetwork"] = "3",
            ["Circuits:MessagesPerSecond"] = "5",
        };
        limits = new CircuitLimits(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), clock);
    }

    [Fact]
    public void A_session_has_so_many_circuits_and_another_when_one_ends()
    {
        var (one, two, three) = (new Connection("ada"), new Connection("ada"), new Connection("ada"));
        Assert.Equal([true, true, false], [limits.Begin(one), limits.Begin(two), limits.Begin(three)]);
        Assert.True(limits.IsFull(three.Http));
        limits.End(three);
        limits.End(three);
        Assert.False(limits.Begin(new Connection("ada")));
        limits.End(one);
        Assert.False(limits.IsFull(three.Http));
        Assert.True(limits.Begin(three));
    }

    [Fact]
    public void A_network_has_so_many_circuits_whoever_is_signed_in()
    {
        Assert.All((string[])["ada", "bob", "eve"], name => Assert.True(limits.Begin(new Connection(name))));
        Assert.False(limits.Begin(new Connection("dan")));
        Assert.True(limits.Begin(new Connection("dan", "198.51.100.7")));

        // What was refused is not counted for the session either.
        limits.End(new Connection("dan"));
        Assert.True(limits.Begin(new Connection("dan", "198.51.100.7")));
    }

    [Fact]
    public void Messages_flow_as_fast_as_is_set_and_ten_times_as_many_come_at_once()
    {
        var page = new Connection("ada");
        Assert.True(limits.Begin(page));
        Assert.All(Enumerable.Range(0, 50), _ => Assert.True(limits.Take(page)));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.True(limits.Take(page)));
        Assert.False(limits.IsFull(page.Http));
        Assert.False(limits.Take(page));
    }

    [Fact]
    public void Who_sent_too_much_waits_and_then_goes_on_while_others_never_noticed()
    {
        var page = new Connection("ada");
        Assert.True(limits.Begin(page));
        while (limits.Take(page)) { }

        limits.End(page);
        Assert.True(limits.IsFull(page.Http));
        Assert.False(limits.Begin(new Connection("ada")));
        Assert.True(limits.Begin(new Connection("bob")));
        clock.Advance(CircuitLimits.Pause);
        Assert.False(limits.IsFull(page.Http));
        Assert.True(limits.Begin(new Connection("ada")));
    }

    /// <summary>The framework keeps them until a call takes them, each as long as a message may be.</summary>
    [Theory]
    [InlineData(nameof(AHub.ReceiveByteArray), false)]
    [InlineData(nameof(AHub.ReceiveJSDataChunk), true)]
    public async Task Bytes_that_no_script_of_Portals_sends_end_the_page(string method, bool isTaken)
    {
        var (page, taken) = (new Connection("ada"), false);
        Assert.True(limits.Begin(page));
        using var hub = new AHub();
        var message = new HubInvocationContext(
            page,
            new ServiceCollection().BuildServiceProvider(),
            hub,
            typeof(AHub).GetMethod(method)!,
            []
        );
        await new CircuitGate(limits, NullLogger<CircuitGate>.Instance).InvokeMethodAsync(
            message,
            _ =>
            {
                taken = true;
                return ValueTask.FromResult<object?>(null);
            }
        );
        Assert.Equal((isTaken, !isTaken), (taken, page.IsAborted));
    }

    /// <summary>Named as the framework's are.</summary>
    private sealed class AHub : Hub
    {
        public void ReceiveByteArray() { }

        public void ReceiveJSDataChunk() { }
    }

    private sealed class Connection : HubCallerContext
    {
        public Connection(string session, string from = "203.0.113.9")
        {
            Http = new DefaultHttpContext
            {
                User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(AccountClaims.Session, session)], "test")),
                Connection = { RemoteIpAddress = IPAddress.Parse(from) },
            };
            Features.Set<IHttpContextFeature>(new HttpFeature { HttpContext = Http });
        }

        public HttpContext Http { get; }

        public override string ConnectionId => "a";

        public override string? UserIdentifier => null;

        public override ClaimsPrincipal? User => Http.User;

        public override IDictionary<object, object?> Items { get; } = new Dictionary<object, object?>();

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override CancellationToken ConnectionAborted => CancellationToken.None;

        public bool IsAborted { get; private set; }

        public override void Abort() => IsAborted = true;
    }

    private sealed class HttpFeature : IHttpContextFeature
    {
        public HttpContext? HttpContext { get; set; }
    }
}

/// <summary>The same at the web's own socket, without a browser.</summary>
[Trait("Needs", "database")]
public sealed class CircuitGateTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected override (string Key, string Value)[] Settings => [("Circuits:PerSession", "2")];

    [Fact]
    public async Task Of_too_many_pages_the_last_says_so_instead_of_doing_nothing()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var one = await OpenAsync(client);
        using var two = await OpenAsync(client);
        await Until.TrueAsync(async () => await StatusAsync(client) is HttpStatusCode.TooManyRequests);
        await FullAsync(client);
        using var three = await OpenAsync(client);
        await EndedAsync(three);
        one.Abort();
        await Until.TrueAsync(async () => await StatusAsync(client) is HttpStatusCode.OK);
    }

    private static async Task FullAsync(FormClient client)
    {
        using var answer = await client.GetAsync("/audit");
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Contains("too many of your pages are open", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        using var settings = await client.GetAsync("/settings"); // needs no circuit
        Assert.Equal(HttpStatusCode.OK, settings.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(FormClient client)
    {
        using var answer = await client.GetAsync("/audit");
        return answer.StatusCode;
    }

    private static async Task EndedAsync(ClientWebSocket socket)
    {
        try
        {
            var buffer = new byte[4096];
            while ((await socket.ReceiveAsync(buffer, Ct)).MessageType is not WebSocketMessageType.Close) { }
        }
        catch (WebSocketException)
        {
            // Cut off.
        }
    }

    private async Task<ClientWebSocket> OpenAsync(FormClient client)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", Server.Address.GetLeftPart(UriPartial.Authority));
        socket.Options.SetRequestHeader("Cookie", client.CookieHeader);
        await socket.ConnectAsync(new UriBuilder(new Uri(Server.Address, "/_blazor")) { Scheme = "ws" }.Uri, Ct);
        await socket.SendAsync(
            "{\"protocol\":\"blazorpack\",\"version\":1}\u001e"u8.ToArray(),
            WebSocketMessageType.Text,
            endOfMessage: true,
            Ct
        );
        await socket.ReceiveAsync(new byte[4096], Ct);
        return socket;
    }
}

/// <summary>A page in a browser whose script sends without end.</summary>
[Trait("Needs", "browser")]
public sealed class FloodTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    protected override (string Key, string Value)[] Settings => [("Circuits:MessagesPerSecond", "10")];

    [Fact]
    public async Task A_page_that_floods_is_disconnected_its_session_waits_and_others_never_notice()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/audit");
        var others = await browser.SignInAsync(Server, await Server.AddPersonAsync(), "/audit");
        await page.GetByLabel("Resource")
            .EvaluateAsync("field => { for (let i = 0; i < 1000; i++) field.dispatchEvent(new Event('change', { bubbles: true })); }");
        await Until.TrueAsync(async () => await StatusAsync(page) is 429);
        Assert.Equal(200, await StatusAsync(others));
        await Until.TrueAsync(async () => await StatusAsync(page) is 200);
    }

    private static Task<int> StatusAsync(IPage page) => page.EvaluateAsync<int>("() => fetch('/audit').then(answer => answer.status)");
}
