using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Every address of the web, and who may use it. An endpoint that is not in <see cref="TenancyScene.Table"/> fails the first test: whoever
/// adds one says here how it keeps customers apart, and the others try it with another customer's id.
/// </summary>
[Trait("Needs", "database")]
public sealed class TenancyTests(OneServer one) : TenancyScene(one)
{
    [Fact]
    public void Every_endpoint_says_here_how_it_keeps_customers_apart()
    {
        var found = Endpoints().Select(Pattern).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(Table.Keys.Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public void Every_page_is_an_endpoint()
    {
        var pages = typeof(WebHost)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes(typeof(RouteAttribute), inherit: false).Cast<RouteAttribute>())
            .Select(route => route.Template);
        Assert.Empty(pages.Except(Table.Keys, StringComparer.Ordinal));
    }

    [Fact]
    public void Only_what_is_for_everybody_lets_strangers_in()
    {
        foreach (var endpoint in Endpoints())
        {
            var (isOpen, audience) = (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null, Table[Pattern(endpoint)]);
            Assert.True(
                isOpen == audience is For.Everybody || audience is For.Framework or For.WhoHasItsSecret,
                $"{Pattern(endpoint)} is {(isOpen ? "" : "not ")}open."
            );
            if (audience is For.Operators)
            {
                Assert.Contains(
                    endpoint.Metadata.OfType<IAuthorizeData>(),
                    rule => rule.Policy?.StartsWith(Policies.Operator, StringComparison.Ordinal) is true
                );
            }
        }
    }

    [Fact]
    public async Task A_visitor_is_sent_to_sign_in_and_back_from_each_protected_address()
    {
        var owner = await OwnerAsync();
        foreach (var (path, method) in Protected(owner))
        {
            using var visitor = Server.NewClient();
            using var answer = await SendAsync(visitor, path, method);
            Assert.Equal(
                (HttpStatusCode.Found, $"/sign-in?returnUrl={Uri.EscapeDataString(path)}"),
                (answer.StatusCode, answer.Headers.Location?.PathAndQuery)
            );
        }
    }

    [Fact]
    public async Task A_stranger_who_asks_for_anothers_id_gets_404_where_the_owner_does_not()
    {
        var owner = await OwnerAsync();
        using var stranger = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var own = await Server.NewClientAsync(owner.Person);
        foreach (var endpoint in Endpoints().Where(endpoint => Table[Pattern(endpoint)] is For.OwnById))
        {
            var path = owner.Fill(Pattern(endpoint));
            using var strangers = await SendAsync(stranger, path, Method(endpoint));
            Assert.True(
                strangers.StatusCode is HttpStatusCode.NotFound,
                $"{Method(endpoint)} {path} gave a stranger {strangers.StatusCode}."
            );
            Assert.DoesNotContain(
                owner.Name,
                await strangers.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
            if (Method(endpoint) == HttpMethod.Get)
            {
                using var owners = await SendAsync(own, path, HttpMethod.Get);
                Assert.True(owners.StatusCode is HttpStatusCode.OK or HttpStatusCode.Found, $"{path} gave its owner {owners.StatusCode}.");
            }
        }
    }

    [Fact]
    public async Task What_people_see_of_their_own_holds_nothing_of_anothers()
    {
        var owner = await OwnerAsync();
        using var stranger = await Server.NewClientAsync(await Server.AddPersonAsync());
        foreach (var endpoint in Endpoints().Where(endpoint => Table[Pattern(endpoint)] is For.Own && Method(endpoint) == HttpMethod.Get))
        {
            using var answer = await stranger.GetAsync(Pattern(endpoint));
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.All(owner.Marks, mark => Assert.DoesNotContain(mark, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_is_the_operators_is_not_there_for_a_customer()
    {
        using var customer = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        foreach (var path in Table.Where(entry => entry.Value is For.Operators).Select(entry => entry.Key))
        {
            using var refused = await customer.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            using var shown = await keeper.GetAsync(path);
            Assert.Equal(path is "/operator/enrol" ? HttpStatusCode.Found : HttpStatusCode.OK, shown.StatusCode);
        }
    }

    /// <summary>A form for strangers that nobody limits can be used to guess, or to send mails.</summary>
    [Fact]
    public void Every_page_for_everybody_is_limited_but_those_that_take_nothing()
    {
        string[] takeNothing =
        [
            "/",
            "/error",
            "/not-found",
            "/status/{Code:int}",
            "/healthz",
            "/readyz",
            "/colours.css",
            "/sign-out",
            "/webhooks/stripe",
        ];
        Assert.Empty(
            Endpoints()
                .Where(endpoint =>
                    Table[Pattern(endpoint)] is For.Everybody && endpoint.Metadata.GetMetadata<EnableRateLimitingAttribute>() is null
                )
                .Select(Pattern)
                .Distinct(StringComparer.Ordinal)
                .Except(takeNothing, StringComparer.Ordinal)
        );
    }

    private IEnumerable<(string Path, HttpMethod Method)> Protected(Owner owner) =>
        Endpoints()
            .Where(endpoint => Table[Pattern(endpoint)] is For.Own or For.OwnById or For.Operators)
            .Select(endpoint => (owner.Fill(Pattern(endpoint)), Method(endpoint)));
}
