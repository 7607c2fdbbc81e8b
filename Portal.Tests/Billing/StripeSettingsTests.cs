using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Tests.Billing;

public sealed class StripeSettingsTests
{
    [Fact]
    public void In_development_without_a_key_the_sandbox_is_used() =>
        Assert.Equal(
            new StripeSettings("sk_test_sandbox", "whsec_mine", "http://localhost:5081"),
            Of("Development", ("Sandbox:Url", "http://localhost:5081"), ("Stripe:WebhookSecret", "whsec_mine"))
        );

    [Fact]
    public void In_development_with_a_key_there_is_no_sandbox() =>
        Assert.Equal(
            new StripeSettings("sk_test_1", null, null),
            Of("Development", ("Stripe:SecretKey", "sk_test_1"), ("Sandbox:Url", "http://localhost:5081"))
        );

    [Fact]
    public void In_production_a_key_and_a_secret_are_enough() =>
        Assert.Equal(
            new StripeSettings("sk_live_1", "whsec_1", null),
            Of("Production", ("Stripe:SecretKey", "sk_live_1"), ("Stripe:WebhookSecret", "whsec_1"))
        );

    [Theory]
    [InlineData("Stripe:SecretKey is not set", "Stripe:WebhookSecret", "whsec_1")]
    [InlineData("Stripe:WebhookSecret is not set", "Stripe:SecretKey", "sk_live_1")]
    [InlineData(
        "Sandbox:Url is set",
        "Stripe:SecretKey",
        "sk_live_1",
        "Stripe:WebhookSecret",
        "whsec_1",
        "Sandbox:Url",
        "http://127.0.0.1:12111"
    )]
    [InlineData(
        "Stripe:ApiBase is http://127.0.0.1:12111, which is not Stripe",
        "Stripe:SecretKey",
        "sk_live_1",
        "Stripe:WebhookSecret",
        "whsec_1",
        "Stripe:ApiBase",
        "http://127.0.0.1:12111"
    )]
    [InlineData("Stripe:SecretKey is the sandbox's", "Stripe:SecretKey", "sk_test_sandbox", "Stripe:WebhookSecret", "whsec_1")]
    public void In_production_anything_else_stops_the_start_with_a_sentence(string sentence, params string[] settings)
    {
        var pairs = settings.Chunk(2).Select(pair => (pair[0], pair[1])).ToArray();
        Assert.StartsWith(sentence, Assert.Throws<StartRefusedException>(() => Of("Production", pairs)).Message, StringComparison.Ordinal);
    }

    private static StripeSettings Of(string environment, params (string Key, string Value)[] settings) =>
        StripeSettings.From(
            new ConfigurationBuilder()
                .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
                .Build(),
            new HostingEnvironment { EnvironmentName = environment }
        );
}
