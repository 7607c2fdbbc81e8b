using Portal.Model.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// The settings <c>ObjectStore:*</c>, looked at before the worker starts: a store that can never be reached as it is named is no outage.
/// </summary>
internal static class StoreSettings
{
    /// <summary>Throws <see cref="StartRefusedException"/> with the first of them that is wrong.</summary>
    public static void Check(IConfiguration configuration)
    {
        var settings = configuration.GetSection("ObjectStore");
        foreach (var name in (string[])["Endpoint", "InternalEndpoint"])
        {
            if (settings[name] is { Length: > 0 } text && !IsAddress(text))
            {
                throw new StartRefusedException(
                    $"ObjectStore__{name} is “{text}”; it must be https:// or http:// with a host and perhaps a port, and nothing after it."
                );
            }
        }

        if ((settings["AdminKeyId"] is { Length: > 0 }) != (settings["AdminSecret"] is { Length: > 0 }))
        {
            throw new StartRefusedException(
                "ObjectStore__AdminKeyId and ObjectStore__AdminSecret belong together, and one of them is not set."
            );
        }

        if (settings["AdminKeyId"] is { Length: > 0 } && settings["Endpoint"] is not { Length: > 0 })
        {
            throw new StartRefusedException(
                "ObjectStore__AdminKeyId is set, and ObjectStore__Endpoint is not: set it to the address at which customers reach that gateway, e.g. https://s3.example.com."
            );
        }
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address is { Scheme: "https" or "http", UserInfo: "", AbsolutePath: "/", Query: "", Fragment: "" }
        && IpText.IsAsTyped(address);
}
