using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// What customers put into buckets is served to browsers as they like it, scripts included. From a name of Portal's own site such a page
/// would be sent the cookies that Portal's pages are sent. So it has a domain of its own; only on a laptop both are one machine.
/// </summary>
public static class StoreSite
{
    /// <summary>
    /// Why a store cannot be at this address, or its websites behind this name; null if they can. What is not of this machine is reached by
    /// https.
    /// </summary>
    /// <param name="portal">Where Portal itself is reached.</param>
    /// <param name="websiteSuffix">A host and perhaps a port.</param>
    public static string? WhyNot(Uri portal, string endpoint, string? websiteSuffix) =>
        RefusePlain(endpoint)
        ?? Refuse(portal, endpoint, "The object store")
        ?? (string.IsNullOrWhiteSpace(websiteSuffix) ? null : Refuse(portal, $"http://{websiteSuffix.Trim()}", "The websites of buckets"));

    private static string? RefusePlain(string address) =>
        Uri.TryCreate(address.Trim(), UriKind.Absolute, out var plain) && plain is { Scheme: "http", IsLoopback: false }
            ? $"The object store cannot be at {plain.GetLeftPart(UriPartial.Authority)}: customers and their browsers reach it by https only, since anybody on the way could read what they store. Give it a certificate, and enter its address with https://."
            : null;

    private static string? Refuse(Uri portal, string address, string what) =>
        Uri.TryCreate(address.Trim(), UriKind.Absolute, out var other) && Site.IsSame(portal.IdnHost, other.IdnHost)
            ? $"{what} cannot be at {other.IdnHost}, which is of the same site as Portal itself ({Site.Of(portal.IdnHost)}): a page that a customer puts there could act for whoever is signed in. Give it a domain of its own."
            : null;
}
