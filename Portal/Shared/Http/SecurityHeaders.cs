using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticAssets;
using Portal.Buckets;

namespace Portal.Shared;

/// <summary>What every answer tells the browser not to do with it.</summary>
public static class SecurityHeaders
{
    private const string NonceKey = "csp-nonce",
        StorageKey = "csp-storage";

    /// <summary>
    /// This request's value for <c>nonce</c> on an inline script (there is one, the import map) and on the styles that scripts make
    /// (portal.js).
    /// </summary>
    public static string Nonce(HttpContext http) =>
        (string)(http.Items[NonceKey] ??= RandomNumberGenerator.GetHexString(32, lowercase: true));

    /// <summary>The object stores that the policy of this request's answer lets its page talk to, with spaces between.</summary>
    public static string Storage(HttpContext http) => (string)http.Items[StorageKey]!;

    public static void UseSecurityHeaders(this WebApplication app)
    {
        // A form's answer may lead on to the hosted card page: Stripe's, or on a laptop the sandbox's on another port.
        var cards = app.Environment.IsDevelopment()
            ? "https://checkout.stripe.com http://localhost:* http://127.0.0.1:*"
            : "https://checkout.stripe.com";
        var address = app.Services.GetRequiredService<PortalAddress>();
        var storage = app.Services.GetRequiredService<StorageOrigins>();
        app.Use(
            async (http, next) =>
            {
                var origins = await storage.GetAsync(http.RequestAborted);
                var headers = http.Response.Headers;
                http.Items[StorageKey] = origins;

                // MudBlazor's popovers and charts set style attributes.
                headers.ContentSecurityPolicy =
                    $"default-src 'self'; script-src 'self' 'nonce-{Nonce(http)}'; style-src 'self'; style-src-elem 'self' 'nonce-{Nonce(http)}'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob: {origins}; font-src 'self' data:; "
                    + $"connect-src 'self' {origins}; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self' {cards}";
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY"; // as frame-ancestors, for those who do not know that
                headers["Referrer-Policy"] = "same-origin";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()";
                headers["Accept-CH"] = "Sec-CH-Prefers-Color-Scheme";
                headers.Vary = "Sec-CH-Prefers-Color-Scheme";
                if (address.IsHttps)
                {
                    // A year. The framework's own leaves it out behind a proxy that ends TLS and is not known.
                    headers.StrictTransportSecurity = address.SpeaksForNamesBelow
                        ? "max-age=31536000; includeSubDomains"
                        : "max-age=31536000";
                }

                http.Response.OnStarting(Complete, http);

                await next(http);
            }
        );
    }

    /// <summary>
    /// What an answer leaves open: no browser and no proxy keeps what is not a file of Portal's own, and what is text is UTF-8, also where
    /// a file's type does not say so.
    /// </summary>
    private static Task Complete(object state)
    {
        var http = (HttpContext)state;
        var response = http.Response;
        if (response.Headers.CacheControl.Count == 0 && http.GetEndpoint()?.Metadata.GetMetadata<StaticAssetDescriptor>() is null)
        {
            response.Headers.CacheControl = "no-store";
        }

        if (
            response.ContentType is { } type
            && !type.Contains("charset", StringComparison.OrdinalIgnoreCase)
            && (
                type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            response.ContentType = $"{type}; charset=utf-8";
        }

        return Task.CompletedTask;
    }
}
