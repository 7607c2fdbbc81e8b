using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>A RADOS Gateway as an operator typed it. The secret goes in and never out: left empty it stays what it is.</summary>
public sealed class NewObjectStore
{
    public string Endpoint { get; set; } = "";

    public string InternalEndpoint { get; set; } = "";

    public string SigningRegion { get; set; } = "us-east-1";

    public string WebsiteSuffix { get; set; } = "";

    public string AdminKeyId { get; set; } = "";

    public string Secret { get; set; } = "";

    /// <summary>The form as it should open: what is there, without its secret. An embedded store's addresses are nobody else's.</summary>
    public static NewObjectStore Of(ObjectStore? store, ObjectStoreChange? change) =>
        (store, change) switch
        {
            (_, { } asked) => new()
            {
                Endpoint = asked.Endpoint,
                InternalEndpoint = asked.InternalEndpoint ?? "",
                SigningRegion = asked.SigningRegion,
                WebsiteSuffix = asked.WebsiteSuffix ?? "",
                AdminKeyId = asked.AdminKeyId,
            },
            ({ Source: StoreSource.Operator } known, _) => new()
            {
                Endpoint = known.Endpoint,
                InternalEndpoint = known.InternalEndpoint ?? "",
                SigningRegion = known.SigningRegion,
                WebsiteSuffix = known.WebsiteSuffix ?? "",
                AdminKeyId = known.AdminKeyId ?? "",
            },
            _ => new(),
        };

    /// <summary>Why it cannot be tried, as a sentence; null if it can.</summary>
    /// <param name="knownKeyId">The key whose secret Portal has already.</param>
    public string? WhyNot(string? knownKeyId) =>
        this switch
        {
            _ when !IsAddress(Endpoint) => "The endpoint is https:// or http:// with a host and perhaps a port, and nothing after it.",
            _ when new Uri(Endpoint.Trim()).HostNameType is UriHostNameType.IPv6 =>
                "Browsers cannot be told of an endpoint that is an IPv6 address: give it a name.",
            _ when InternalEndpoint.Trim().Length > 0 && !IsAddress(InternalEndpoint) =>
                "The internal endpoint is https:// or http:// with a host and perhaps a port, and nothing after it.",
            _ when SigningRegion.Trim() is not { Length: > 0 and <= 64 } region
                    || !region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-') =>
                "The region is lowercase letters, digits and hyphens, such as us-east-1.",
            _ when WebsiteSuffix.Trim().Length > 0 && !IsAddress($"http://{WebsiteSuffix.Trim()}") =>
                "The name for websites is a host and perhaps a port, such as s3-website.example.com.",
            _ when AdminKeyId.Trim() is not { Length: > 0 and <= 128 } id || !id.All(IsPlain) =>
                "The access key's id is missing, or holds something that no id does.",
            _ when Secret.Trim() is { Length: 0 } && AdminKeyId.Trim() != knownKeyId => "The secret of this key is missing.",
            _ when Secret.Trim() is { Length: > 512 } or { Length: > 0 and < 8 } || !Secret.Trim().All(IsPlain) =>
                "That is no secret of an access key.",
            _ => null,
        };

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address)
        && address.Scheme is "https" or "http"
        && address is { UserInfo: "", AbsolutePath: "/", Query: "", Fragment: "" }
        && IpText.IsAsTyped(address)
        && text.Length <= 2048;

    private static bool IsPlain(char c) => c is > ' ' and < '\x7f';
}
