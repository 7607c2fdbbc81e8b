using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Every address of the web, and who may use it. An endpoint that is not in <see cref="Table"/> fails the first test: whoever adds one says
/// here how it keeps customers apart, and the others try it with another customer's id.
/// </summary>
[Trait("Needs", "database")]
public sealed partial class TenancyTests(OneServer one) : OneServerTests(one)
{
    private enum For
    {
        /// <summary>Anybody; shows nothing of any customer.</summary>
        Everybody,

        /// <summary>Signed-in people; shows or changes only what is theirs, as no id is asked for.</summary>
        Own,

        /// <summary>Names a resource by id: a stranger's gets 404.</summary>
        OwnById,

        Operators,

        /// <summary>
        /// Nothing without a secret that belongs to the id; which secrets do not do is tried in the tests of that endpoint.
        /// </summary>
        WhoHasItsSecret,

        /// <summary>ASP.NET Core's own, which carry no data of ours.</summary>
        Framework,
    }

    private static readonly Dictionary<string, For> Table = new(StringComparer.Ordinal)
    {
        ["/"] = For.Everybody,
        ["/sign-up"] = For.Everybody,
        ["/sign-in"] = For.Everybody,
        ["/sign-in/second-factor"] = For.Everybody,
        ["/sign-out"] = For.Everybody,
        ["/forgot-password"] = For.Everybody,
        ["/reset-password"] = For.Everybody,
        ["/undo-email"] = For.Everybody,
        ["/undo-factor"] = For.Everybody,
        ["/keep-factor"] = For.Everybody,
        ["/passkeys/request-options"] = For.Everybody,
        ["/error"] = For.Everybody,
        ["/not-found"] = For.Everybody,
        ["/status/{Code:int}"] = For.Everybody,
        ["/healthz"] = For.Everybody,
        ["/colours.css"] = For.Everybody,
        ["/readyz"] = For.Everybody,
        ["/confirm-email"] = For.Own,
        ["/confirm-email/resend"] = For.Own,
        ["/audit"] = For.Own,
        ["/settings"] = For.Own,
        ["/settings/second-factor"] = For.Own,
        ["/settings/close"] = For.Own,
        ["/settings/email"] = For.Own,
        ["/closing/{Ticket}"] = For.WhoHasItsSecret,
        ["/closing/{ticket}/changes"] = For.WhoHasItsSecret,
        ["/settings/passkeys"] = For.Own,
        ["/settings/passkeys/creation-options"] = For.Own,
        ["/settings/passkeys/{id}/rename"] = For.OwnById,
        ["/settings/passkeys/{id}/remove"] = For.OwnById,
        ["/settings/sessions/revoke-others"] = For.Own,
        ["/settings/sessions/{id:guid}/revoke"] = For.OwnById,
        ["/dashboard"] = For.Own,
        ["/instances"] = For.Own,
        ["/instances/new"] = For.Own,
        ["/instances/{Id}"] = For.OwnById,
        ["/volumes"] = For.Own,
        ["/volumes/new"] = For.Own,
        ["/volumes/{Id}"] = For.OwnById,
        ["/snapshots"] = For.Own,
        ["/snapshots/{Id}"] = For.OwnById,
        ["/images"] = For.Own,
        ["/images/{Id}"] = For.OwnById,
        ["/keys"] = For.Own,
        ["/networks"] = For.Own,
        ["/networks/new"] = For.Own,
        ["/networks/{Id}"] = For.OwnById,
        ["/security-groups"] = For.Own,
        ["/security-groups/{Id}"] = For.OwnById,
        ["/addresses"] = For.Own,
        ["/console/{id:guid}"] = For.WhoHasItsSecret,
        ["/console/worker/{id:guid}"] = For.WhoHasItsSecret,
        ["/buckets"] = For.Own,
        ["/buckets/new"] = For.Own,
        ["/buckets/{Id}"] = For.OwnById,
        ["/buckets/{name}/download"] = For.OwnById,
        ["/buckets/{name}/uploads/begin"] = For.OwnById,
        ["/buckets/{name}/uploads/sign"] = For.OwnById,
        ["/buckets/{name}/uploads/complete"] = For.OwnById,
        ["/buckets/{name}/uploads/abort"] = For.OwnById,
        ["/access-keys"] = For.Own,
        ["/billing"] = For.Own,
        ["/billing/card"] = For.Own,
        ["/billing/card/return/{SetupId:guid}"] = For.OwnById,
        ["/webhooks/stripe"] = For.Everybody,
        ["/operator"] = For.Operators,
        ["/operator/enrol"] = For.Operators,
        ["/operator/operators"] = For.Operators,
        ["/proof"] = For.Own,
        ["/proof/check"] = For.Own,
        ["/operator/images"] = For.Operators,
        ["/operator/accounts"] = For.Operators,
        ["/operator/accounts/{Id}"] = For.Operators,
        ["/operator/object-stores"] = For.Operators,
        ["/{**path:file}"] = For.Framework,
        ["/_blazor"] = For.Framework,
        ["/_blazor/negotiate"] = For.Framework,
        ["/_blazor/disconnect/"] = For.Framework,
        ["/_blazor/initializers/"] = For.Framework,
        ["/_framework/opaque-redirect"] = For.Framework,
    };

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

    [Fact]
    public async Task Every_page_for_somebody_signed_in_lets_him_sign_out()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        var seen = 0;
        foreach (
            var endpoint in Endpoints()
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null
                    && Table[Pattern(endpoint)] is For.Own or For.OwnById or For.Operators
                )
        )
        {
            using var answer = await (Table[Pattern(endpoint)] is For.Operators ? keeper : own).GetAsync(owner.Fill(Pattern(endpoint)));
            if (answer.StatusCode is HttpStatusCode.OK)
            {
                seen++;
                Assert.True(
                    (await FormClient.ReadAsync(answer)).QuerySelector("form[action='/sign-out'] button") is not null,
                    $"{Pattern(endpoint)} has no way to sign out."
                );
            }
        }

        Assert.InRange(seen, 30, int.MaxValue);
    }

    [Fact]
    public async Task Every_page_says_quietly_that_no_real_card_is_charged()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var visitor = Server.NewClient();
        var seen = 0;
        foreach (var endpoint in Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null))
        {
            var client = Table[Pattern(endpoint)] is For.Everybody ? visitor : own;
            using var answer = await client.GetAsync(owner.Fill(Pattern(endpoint)));
            if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound)
            {
                seen++;
                Assert.True(
                    (await FormClient.ReadAsync(answer)).QuerySelector(".test-mode") is not null,
                    $"{Pattern(endpoint)} does not say it."
                );
            }
        }

        Assert.InRange(seen, 30, int.MaxValue);
    }

    private IEnumerable<RouteEndpoint> Endpoints() =>
        Server
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null);

    private static string Pattern(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.TrimStart('/');

    private static HttpMethod Method(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods && !methods.Contains("GET")
            ? new HttpMethod(methods[0])
            : HttpMethod.Get;

    private IEnumerable<(string Path, HttpMethod Method)> Protected(Owner owner) =>
        Endpoints()
            .Where(endpoint => Table[Pattern(endpoint)] is For.Own or For.OwnById or For.Operators)
            .Select(endpoint => (owner.Fill(Pattern(endpoint)), Method(endpoint)));

    private static async Task<HttpResponseMessage> SendAsync(FormClient client, string path, HttpMethod method)
    {
        if (method == HttpMethod.Get)
        {
            return await client.GetAsync(path);
        }

        // With a token of the client's own, so that it is not the missing token that is refused.
        var page = await client.PageAsync(
            client.Cookies.GetAllCookies().Any(cookie => cookie.Name == HostCookies.Session) ? "/settings" : "/sign-in"
        );
        var token = page.QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var content = new FormUrlEncodedContent([
            KeyValuePair.Create("__RequestVerificationToken", token),
            KeyValuePair.Create("name", "mine now"),
        ]);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        return await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<Owner> OwnerAsync()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var tenant = new Tenant(
            await db.Accounts.SingleAsync(account => account.Id == person.AccountId),
            await db.Projects.SingleAsync(project => project.AccountId == person.AccountId),
            await db.Networks.SingleAsync(network => network.AccountId == person.AccountId),
            await db.Subnets.SingleAsync(subnet => subnet.AccountId == person.AccountId),
            await db.SecurityGroups.SingleAsync(group => group.AccountId == person.AccountId)
        );
        var instance = await tenant.RequestAsync(db);
        instance.Name = "the-owners-machine";
        var setup = new CardSetup
        {
            Id = Guid.NewGuid(),
            AccountId = person.AccountId,
            CreatedAt = Tenant.Epoch,
        };
        db.CardSetups.Add(setup);
        await db.SaveChangesAsync();
        var user = await BucketRows.AddUserAsync(
            db,
            Server.Services.GetRequiredService<BucketSecrets>(),
            person.AccountId,
            "http://127.0.0.1:9"
        );
        var bucket = await BucketRows.AddBucketAsync(db, user, $"the-owners-bucket-{person.UserId:N}");
        var root = instance.Volumes.Single();
        root.ObserveMade(root.SizeGiB);
        var snapshot = new Snapshot
        {
            Id = Portal.Model.Shared.ResourceIds.New("snap"),
            AccountId = person.AccountId,
            Name = "the-owners-snapshot",
            CreatedAt = Tenant.Epoch,
            ProjectId = root.ProjectId,
            RegionId = root.RegionId,
            VolumeId = root.Id,
            SizeGiB = root.SizeGiB,
            RequestToken = "token",
        };
        var image = new PrivateImage
        {
            Id = Portal.Model.Shared.ResourceIds.New("ami"),
            AccountId = person.AccountId,
            Name = "the-owners-image",
            Description = "",
            CreatedAt = Tenant.Epoch,
            ProjectId = root.ProjectId,
            RegionId = root.RegionId,
            InstanceId = instance.Id,
            BaseId = instance.ImageId,
            SnapshotId = snapshot.Id,
            RequestToken = "token",
        };
        db.AddRange(snapshot, image);
        await db.SaveChangesAsync();
        return new Owner(
            person,
            instance,
            snapshot.Id,
            image.Id,
            tenant.Network.Id,
            tenant.Group.Id,
            bucket.Name,
            setup.Id,
            await db.Sessions.Where(session => session.UserId == person.UserId).Select(session => session.Id).FirstAsync()
        );
    }

    private sealed record Owner(
        Person Person,
        Instance Instance,
        string Snapshot,
        string Image,
        string Network,
        string Group,
        string Bucket,
        Guid CardSetup,
        Guid Session
    )
    {
        public string Name => Instance.Name;

        private string Root => Instance.Volumes.Single().Id;

        public IEnumerable<string> Marks =>
            [
                Name,
                Instance.Id,
                Root,
                Snapshot,
                Image,
                "the-owners-image",
                Network,
                Group,
                Bucket,
                Person.AccountId,
                Person.Email,
                Session.ToString(),
            ];

        /// <summary>An address with this owner's real ids in the place of its parameters.</summary>
        public string Fill(string pattern) =>
            pattern switch
            {
                _ when pattern.StartsWith("/instances/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Instance.Id,
                    StringComparison.OrdinalIgnoreCase
                ),
                "/buckets/{Id}" => $"/buckets/{Bucket}",
                "/buckets/{name}/download" => $"/buckets/{Bucket}/download?key=a",
                _ when pattern.StartsWith("/buckets/", StringComparison.Ordinal) => pattern.Replace(
                    "{name}",
                    Bucket,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/networks/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Network,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/security-groups/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Group,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/snapshots/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Snapshot,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/images/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Image,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/volumes/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Root,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/operator/accounts/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Person.AccountId,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/billing/card/", StringComparison.Ordinal) => pattern.Replace(
                    "{SetupId:guid}",
                    CardSetup.ToString(),
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/settings/sessions/", StringComparison.Ordinal) => pattern.Replace(
                    "{id:guid}",
                    Session.ToString(),
                    StringComparison.Ordinal
                ),
                _ => pattern.Replace("{id}", "b3duZXJz", StringComparison.Ordinal),
            };
    }
}
