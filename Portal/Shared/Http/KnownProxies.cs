using Microsoft.AspNetCore.HttpOverrides;
using Portal.Model.Shared;
using IPNetwork = System.Net.IPNetwork;

namespace Portal.Shared;

/// <summary>
/// The proxies in front of Portal: setting <c>Portal:KnownProxies</c>, addresses or networks with commas between them. Only from them is
/// X-Forwarded-For and X-Forwarded-Proto believed; from anybody else it would make limits and the audit believe any address.
/// </summary>
internal static class KnownProxies
{
    private const string Setting = "Portal:KnownProxies";

    /// <summary>The framework's own switch, which believes everybody.</summary>
    private const string Switch = "FORWARDEDHEADERS_ENABLED";

    public static IServiceCollection AddKnownProxies(this IServiceCollection services, IConfiguration configuration)
    {
        var proxies = From(configuration);
        if (proxies.Count == 0 && string.Equals(configuration[Switch], "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new StartRefusedException(
                "ASPNETCORE_FORWARDEDHEADERS_ENABLED believes whoever connects: set Portal__KnownProxies to your proxies' addresses or networks instead, e.g. 10.0.0.0/8."
            );
        }

        return services.PostConfigure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            proxies.ForEach(options.KnownIPNetworks.Add);

            // However many there are in a row: it ends at the first address that is none of them.
            options.ForwardLimit = null;
        });
    }

    public static void UseKnownProxies(this WebApplication app)
    {
        if (From(app.Configuration).Count > 0)
        {
            app.UseForwardedHeaders();
        }
    }

    private static List<IPNetwork> From(IConfiguration configuration) =>
        [
            .. (configuration[Setting] ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(Parse),
        ];

    private static IPNetwork Parse(string text) =>
        IpText.TryRange(text, out var network)
            ? network
            : throw new StartRefusedException(
                $"Portal__KnownProxies holds “{text}”, which is neither an address nor a network such as 10.0.0.0/8."
            );
}
