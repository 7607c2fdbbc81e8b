using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>What customers store is served from a name that shares nothing with Portal's.</summary>
public sealed class StoreSiteTests
{
    [Theory]
    [InlineData("portal.example.com", "example.com")]
    [InlineData("EXAMPLE.com.", "example.com")]
    [InlineData("a.b.example.co.uk", "example.co.uk")]
    [InlineData("www.city.kawasaki.jp", "city.kawasaki.jp")]
    [InlineData("a.b.c.kawasaki.jp", "b.c.kawasaki.jp")]
    [InlineData("me.github.io", "me.github.io")]
    [InlineData("portal.corp.internal", "corp.internal")]
    [InlineData("portal.bücher.example", "xn--bcher-kva.example")]
    [InlineData("portal", "portal")]
    [InlineData("co.uk", "co.uk")]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("[2001:db8::7]", "2001:db8::7")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("010.0.0.1", "8.0.0.1")]
    [InlineData("s3-website.localhost", "localhost")]
    public void A_site_is_what_somebody_can_register(string host, string site) => Assert.Equal(site, Site.Of(host));

    [Theory]
    [InlineData("https://s3.example.com", "")]
    [InlineData("https://example.com:8443", "")]
    [InlineData("https://portal.example.com.", "")]
    [InlineData("https://s3.example.net", "web.example.com:8080")]
    public void A_store_of_Portals_own_site_is_refused_with_the_reason(string endpoint, string websites)
    {
        var reason = StoreSite.WhyNot(new Uri("https://portal.example.com"), endpoint, websites);
        Assert.EndsWith(
            "a page that a customer puts there could act for whoever is signed in. Give it a domain of its own.",
            reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("https://s3.example.net", "web.example.net")]
    [InlineData("https://example.com.evil.org", null)]
    [InlineData("http://127.0.0.1:5085", "s3-website.localhost:5085")]
    public void A_store_elsewhere_is_taken(string endpoint, string? websites) =>
        Assert.Null(StoreSite.WhyNot(new Uri("https://portal.example.com"), endpoint, websites));

    [Theory]
    [InlineData("http://s3.example.net", false)]
    [InlineData(" HTTP://s3.example.net:7480 ", false)]
    [InlineData("http://192.0.2.7", false)]
    [InlineData("http://localhost:7480", true)]
    [InlineData("https://s3.example.net", true)]
    public void A_store_that_is_not_on_this_machine_is_reached_by_https_only(string endpoint, bool isTaken)
    {
        var reason = StoreSite.WhyNot(new Uri("https://portal.example.com"), endpoint, null);
        Assert.Equal(isTaken, reason is null);
        Assert.True(isTaken || reason!.StartsWith("The object store cannot be at http://", StringComparison.Ordinal), reason);
    }

    [Fact]
    public void Another_port_of_the_same_address_is_the_same_site() =>
        Assert.NotNull(StoreSite.WhyNot(new Uri("https://192.0.2.7"), "https://192.0.2.7:8443", null));

    [Theory]
    [InlineData("https://s3.example.com", "https://portal.example.com", "Production", "The object store cannot be at s3.example.com")]
    [InlineData("https://s3.example.com", null, "Production", "Portal__Url is not set")]
    [InlineData(
        "http://s3.example.net",
        "https://portal.example.com",
        "Production",
        "The object store cannot be at http://s3.example.net: "
    )]
    [InlineData("http://s3.example.net", "https://portal.example.com", "Development", null)]
    [InlineData("https://s3.example.com", "https://portal.example.com", "Development", null)]
    [InlineData("https://s3.example.net", "https://portal.example.com", "Production", null)]
    [InlineData(null, null, "Production", null)]
    public void A_worker_whose_settings_name_such_a_store_does_not_start(
        string? endpoint,
        string? portal,
        string environment,
        string? beginning
    )
    {
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["ObjectStore:Endpoint"] = endpoint, ["Portal:Url"] = portal }
            )
            .Build();
        var refused = Record.Exception(() => new ServiceCollection().AddBuckets(settings, new Somewhere(environment)));
        Assert.StartsWith(beginning ?? "", refused?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(beginning is null, refused is null);
    }

    internal sealed class Somewhere(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } = null!;
    }
}

[Trait("Needs", "database")]
public sealed class EnterObjectStoreTests(TestPostgres postgres) : TestDatabase(postgres)
{
    [Theory]
    [InlineData(
        "Production",
        "https://s3.example.com",
        "The object store cannot be at s3.example.com, which is of the same site as Portal itself (example.com): a page that a customer puts there could act for whoever is signed in. Give it a domain of its own."
    )]
    [InlineData(
        "Production",
        "http://s3.example.net",
        "The object store cannot be at http://s3.example.net: customers and their browsers reach it by https only, since anybody on the way could read what they store. Give it a certificate, and enter its address with https://."
    )]
    [InlineData("Production", "https://s3.example.net", null)]
    [InlineData("Development", "https://s3.example.com", null)]
    [InlineData("Development", "http://s3.example.com", null)]
    public async Task An_operator_cannot_enter_a_store_of_Portals_own_site_or_by_plain_http_outside_a_laptop(
        string environment,
        string endpoint,
        string? reason
    )
    {
        var actor = await AnOperator.AddAsync(this, OperatorRole.Infrastructure);
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["Portal:Url"] = "https://portal.example.com" }
            )
            .Build();
        var stores = new EnterObjectStore(
            this,
            new BucketSecrets(new Microsoft.AspNetCore.DataProtection.EphemeralDataProtectionProvider()),
            settings,
            new StoreSiteTests.Somewhere(environment),
            TimeProvider.System
        );
        var answer = await stores.RunAsync(
            actor,
            "local",
            new NewObjectStore
            {
                Endpoint = endpoint,
                AdminKeyId = "key",
                Secret = "long-enough",
            },
            TestContext.Current.CancellationToken
        );
        Assert.Equal(reason, answer.Reason);
    }
}
