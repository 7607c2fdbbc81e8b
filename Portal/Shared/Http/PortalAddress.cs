using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// The one address of Portal's pages: setting <c>Portal:Url</c>. Production must be told; in Development it is localhost, at the port where
/// this process listens. Never what a request says of itself: its Host is whatever its sender wrote.
/// </summary>
public sealed class PortalAddress(IConfiguration configuration, IServer server)
{
    private const string Setting = "Portal:Url";

    private Uri? url;

    /// <summary>
    /// E.g. <c>https://portal.example.com</c>: as a browser writes the origin of our pages, so without a slash at the end.
    /// </summary>
    public string Origin => Url.GetLeftPart(UriPartial.Authority);

    /// <summary>
    /// Whether browsers are told to come by https to the names below as well: to those of a name that was made for Portal. Below a whole
    /// domain there may be others' names, which are not ours to speak for, unless the setting says so.
    /// </summary>
    public bool SpeaksForNamesBelow => configuration.GetValue<bool?>("Portal:NamesBelow") ?? Site.Of(Url.IdnHost) != Url.IdnHost;

    public bool IsHttps => Url.Scheme == Uri.UriSchemeHttps;

    /// <summary>What a browser that is at our address writes into Host.</summary>
    public bool IsHost(HostString host) =>
        string.Equals(host.Host, Url.Host, StringComparison.OrdinalIgnoreCase) && (host.Port ?? (IsHttps ? 443 : 80)) == Url.Port;

    private Uri Url => url ??= Read(configuration) ?? Listening();

    /// <summary>Refuses to start where the address is needed and missing, or could not be what a browser calls our origin.</summary>
    public static void Check(IConfiguration configuration, IHostEnvironment environment)
    {
        var told = Read(configuration);
        if (told is null && !environment.IsDevelopment())
        {
            throw new StartRefusedException(
                "Portal__Url is not set: the links in mails begin with it, and only pages from there may do something, e.g. https://portal.example.com."
            );
        }

        if (told is { IsLoopback: false } && told.Scheme != Uri.UriSchemeHttps && !environment.IsDevelopment())
        {
            throw new StartRefusedException(
                $"Portal__Url is “{configuration[Setting]}”: outside this machine Portal is served by https only, since browsers keep its cookies for nothing else."
            );
        }
    }

    private static Uri? Read(IConfiguration configuration)
    {
        if (configuration[Setting] is not { Length: > 0 } text)
        {
            return null;
        }

        return
            Uri.TryCreate(text, UriKind.Absolute, out var told)
            && told is { Scheme: "http" or "https", PathAndQuery: "/", UserInfo: "", Fragment: "" }
            && IpText.IsAsTyped(told)
            ? new UriBuilder(told.Scheme, told.IdnHost, told.IsDefaultPort ? -1 : told.Port).Uri
            : throw new StartRefusedException(
                $"Portal__Url is “{text}”: it must be an address without a path, e.g. https://portal.example.com."
            );
    }

    private Uri Listening()
    {
        var first =
            server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("Portal__Url is not set, and the server does not listen yet.");
        var listening = BindingAddress.Parse(first);
        return new UriBuilder(listening.Scheme, "localhost", listening.Port).Uri;
    }
}
