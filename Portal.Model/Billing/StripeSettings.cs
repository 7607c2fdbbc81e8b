using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>How Stripe is reached: the real one with a key of one's own, or in development the sandbox that plays it.</summary>
/// <param name="ApiBase">Null for Stripe itself.</param>
/// <param name="WebhookSecret">Null takes no webhooks.</param>
public sealed record StripeSettings(string SecretKey, string? WebhookSecret, string? ApiBase)
{
    /// <summary>Where the sandbox is if nobody says otherwise, and its key and secret.</summary>
    public const string SandboxUrl = "http://127.0.0.1:12111";
    public const string SandboxKey = "sk_test_sandbox";
    public const string SandboxWebhookSecret = "whsec_sandbox";

    /// <summary>Throws <see cref="StartRefusedException"/> with one sentence if this configuration must not run.</summary>
    public static StripeSettings From(IConfiguration configuration, IHostEnvironment environment)
    {
        var (key, secret, apiBase) = (
            Text(configuration, "Stripe:SecretKey"),
            Text(configuration, "Stripe:WebhookSecret"),
            Text(configuration, "Stripe:ApiBase")
        );
        var sandbox = Text(configuration, "Sandbox:Url");
        if (environment.IsDevelopment())
        {
            return key is null
                ? new StripeSettings(SandboxKey, secret ?? SandboxWebhookSecret, apiBase ?? sandbox ?? SandboxUrl)
                : new StripeSettings(key, secret, apiBase);
        }

        var wrong = (key, secret, apiBase, sandbox) switch
        {
            (_, _, _, not null) =>
                "Sandbox:Url is set: the sandbox takes anybody's word for a payment and is for development only. Remove Sandbox__Url.",
            (_, _, not null, _) when !apiBase.StartsWith("https://", StringComparison.Ordinal) =>
                $"Stripe:ApiBase is {apiBase}, which is not Stripe. Remove Stripe__ApiBase.",
            (null, _, _, _) =>
                "Stripe:SecretKey is not set: without it no card can be taken. Set Stripe__SecretKey to the secret key of your Stripe account.",
            (SandboxKey, _, _, _) => "Stripe:SecretKey is the sandbox's. Set Stripe__SecretKey to the secret key of your Stripe account.",
            (_, null, _, _) =>
                "Stripe:WebhookSecret is not set: without it no webhook can be verified. Set Stripe__WebhookSecret to the signing secret of your webhook endpoint.",
            _ => null,
        };
        return wrong is null ? new StripeSettings(key!, secret, apiBase) : throw new StartRefusedException(wrong);
    }

    private static string? Text(IConfiguration configuration, string name) => configuration[name] is { Length: > 0 } text ? text : null;
}
