using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Every address of the web, who may use it, and an owner of something behind each.</summary>
public abstract partial class TenancyScene(OneServer one) : OneServerTests(one)
{
    protected enum For
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

    protected static readonly Dictionary<string, For> Table = new(StringComparer.Ordinal)
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

    protected IEnumerable<RouteEndpoint> Endpoints() =>
        Server
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null);

    protected static string Pattern(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.TrimStart('/');

    protected static HttpMethod Method(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods && !methods.Contains("GET")
            ? new HttpMethod(methods[0])
            : HttpMethod.Get;

    protected static async Task<HttpResponseMessage> SendAsync(FormClient client, string path, HttpMethod method)
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
}
