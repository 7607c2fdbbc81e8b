using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Portal.Tests.Shared;

/// <summary>Fetches pages and sends their forms as they are, hidden fields and antiforgery tokens included.</summary>
public sealed class FormClient : IDisposable
{
    private readonly HttpClient http;

    /// <param name="way">How it connects, if otherwise than usually.</param>
    public FormClient(Uri address, SocketsHttpHandler? way = null)
    {
        http = new HttpClient(new AsBrowsersDo(Cookies, way ?? new SocketsHttpHandler())) { BaseAddress = address };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    }

    public HttpClient Http => http;

    public CookieContainer Cookies { get; } = new();

    /// <summary>All that it would send.</summary>
    public string CookieHeader => AsBrowsersDo.CookieHeader(Cookies, http.BaseAddress!);

    /// <summary>
    /// From another network than the tests' own; the server has to take its visitors' word for that (Portal:KnownProxies).
    /// </summary>
    public FormClient From(string network)
    {
        http.DefaultRequestHeaders.Remove("X-Forwarded-For");
        http.DefaultRequestHeaders.Add("X-Forwarded-For", network);
        return this;
    }

    /// <summary>A secure cookie, which .NET's jar keeps back from plain HTTP, where browsers trust localhost.</summary>
    public void SendKnownDevice() =>
        Cookies.GetAllCookies().Single(cookie => cookie.Name == Portal.Accounts.KnownDevices.Cookie).Secure = false;

    public Task<HttpResponseMessage> GetAsync(string path) =>
        http.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute), TestContext.Current.CancellationToken);

    public async Task<IHtmlDocument> PageAsync(string path)
    {
        using var answer = await GetAsync(path);
        answer.EnsureSuccessStatusCode();
        return await ReadAsync(answer);
    }

    /// <summary>Fills the fields into the page's one form and sends it.</summary>
    public Task<HttpResponseMessage> SubmitAsync(string path, params (string Name, string Value)[] fields) =>
        SubmitAsync(path, null, fields);

    /// <summary>Fills the fields into the form with this <paramref name="button"/> and sends it.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, string? button, params (string Name, string Value)[] fields)
    {
        var page = await PageAsync(path);
        var forms = page.Forms.Where(form => form.Method is "post");
        var form = button is null
            ? forms.Single(form => !form.Action.Contains("/sign-out", StringComparison.Ordinal))
            : forms.First(form => form.QuerySelectorAll("button").Any(found => found.TextContent.Trim() == button));
        return await SendAsync(path, form, fields);
    }

    public async Task<HttpResponseMessage> SendAsync(string path, IHtmlFormElement form, params (string Name, string Value)[] fields)
    {
        var hidden = form.QuerySelectorAll<IHtmlInputElement>("input[type=hidden]")
            .Select(input => KeyValuePair.Create(input.Name!, input.Value))
            .Where(input => !fields.Any(field => field.Name == input.Key));
        using var content = new FormUrlEncodedContent([.. hidden, .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))]);
        var action = form.GetAttribute("action");
        return await http.PostAsync(
            new Uri(string.IsNullOrEmpty(action) ? path : action, UriKind.RelativeOrAbsolute),
            content,
            TestContext.Current.CancellationToken
        );
    }

    public static async Task<IHtmlDocument> ReadAsync(HttpResponseMessage answer) =>
        await new HtmlParser().ParseDocumentAsync(
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            TestContext.Current.CancellationToken
        );

    public void Dispose() => http.Dispose();

    /// <summary>
    /// What a browser does by itself: it says from where a form is sent, and keeps cookies. It takes http://localhost for a secure place;
    /// .NET's own jar does not.
    /// </summary>
    private sealed class AsBrowsersDo : DelegatingHandler
    {
        private readonly CookieContainer jar;

        public AsBrowsersDo(CookieContainer jar, SocketsHttpHandler way)
            : base(way)
        {
            (way.AllowAutoRedirect, way.UseCookies) = (false, false);
            this.jar = jar;
        }

        public static string CookieHeader(CookieContainer jar, Uri address) => jar.GetCookieHeader(Secure(address));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var address = request.RequestUri!;
            if (request.Method != HttpMethod.Get && !request.Headers.Contains("Origin"))
            {
                request.Headers.Add("Origin", address.GetLeftPart(UriPartial.Authority));
            }

            if (!request.Headers.Contains("Cookie") && CookieHeader(jar, address) is { Length: > 0 } cookies)
            {
                request.Headers.Add("Cookie", cookies);
            }

            var answer = await base.SendAsync(request, cancellationToken);
            foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
            {
                jar.SetCookies(Secure(address), cookie);
            }

            return answer;
        }

        private static Uri Secure(Uri address) => new UriBuilder(address) { Scheme = Uri.UriSchemeHttps }.Uri;
    }
}
