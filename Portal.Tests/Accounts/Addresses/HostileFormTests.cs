using System.Collections.Concurrent;
using AngleSharp.Html.Dom;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Every form of every page, found by opening it as a stranger, a customer and an operator, is sent back with what no browser sends: the
/// answer is never that something broke.
/// </summary>
[Trait("Needs", "database")]
public sealed class HostileFormTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Usual = "application/x-www-form-urlencoded";

    private static readonly string[] Types =
    [
        $"{Usual}; charset=utf-7",
        $"{Usual}; charset=\"UTF-7\"",
        $"{Usual}; charset=utf-16",
        $"{Usual}; charset=nonsense",
        $"{Usual}; charset=",
        "multipart/form-data",
        "multipart/form-data; boundary=x; charset=utf-7",
        "text/plain",
    ];

    private static readonly string[] Words =
    [
        "",
        "{}",
        "\0",
        "null",
        "{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{}}",
        new string('x', 5000),
        "\uFFFD",
    ];

    [Fact]
    public async Task No_form_of_a_page_breaks_whatever_is_sent_with_it()
    {
        using var stranger = Server.NewClient();
        using var customer = await Server.NewClientAsync(await Server.AddPersonAsync(confirmed: false));
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        var (failed, tried) = (new ConcurrentBag<string>(), new ConcurrentDictionary<string, bool>(StringComparer.Ordinal));
        foreach (var client in (FormClient[])[stranger, customer, keeper])
        {
            await Parallel.ForEachAsync(
                Pages(),
                new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken },
                async (path, ct) =>
                {
                    using var shown = await client.GetAsync(path);
                    foreach (
                        var form in shown.IsSuccessStatusCode
                            ? (await FormClient.ReadAsync(shown)).Forms.Where(form => form.Method is "post")
                            : []
                    )
                    {
                        var target = form.GetAttribute("action") is { Length: > 0 } action ? action : path;
                        if (
                            !target.Contains("/sign-out", StringComparison.Ordinal)
                            && tried.TryAdd($"{target} {form.QuerySelector("[name=_handler]")?.GetAttribute("value")}", true)
                        )
                        {
                            await TryAsync(client, target, form, failed, ct);
                        }
                    }
                }
            );
        }

        Assert.Contains("/sign-in passkey", tried.Keys);
        Assert.InRange(tried.Count, 12, int.MaxValue);
        Assert.Empty(failed.Order(StringComparer.Ordinal));
    }

    private static async Task TryAsync(
        FormClient client,
        string target,
        IHtmlFormElement form,
        ConcurrentBag<string> failed,
        CancellationToken ct
    )
    {
        foreach (var (type, word) in Words.Select(word => (Usual, word)).Concat(Types.Select(type => (type, "x"))))
        {
            var fields = form.QuerySelectorAll("[name]")
                .Select(field => (Name: field.GetAttribute("name")!, Value: field.GetAttribute("value") ?? ""))
                .Select(field =>
                    KeyValuePair.Create(field.Name, field.Name is "_handler" or "__RequestVerificationToken" ? field.Value : word)
                )
                .DistinctBy(field => field.Key, StringComparer.Ordinal);
            using var content = new FormUrlEncodedContent(fields);
            using var body = new ByteArrayContent(await content.ReadAsByteArrayAsync(ct));
            body.Headers.TryAddWithoutValidation("Content-Type", type);
            using var answer = await client.Http.PostAsync(new Uri(target, UriKind.Relative), body, ct);
            if ((int)answer.StatusCode >= 500)
            {
                failed.Add($"{target} ({type}: {word[..Math.Min(word.Length, 20)]}) was answered by {(int)answer.StatusCode}.");
            }
        }
    }

    private List<string> Pages() =>
        [
            .. Server
                .Services.GetServices<EndpointDataSource>()
                .SelectMany(source => source.Endpoints)
                .OfType<RouteEndpoint>()
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null && endpoint.RoutePattern.Parameters.Count == 0
                )
                .Select(endpoint => $"/{endpoint.RoutePattern.RawText!.TrimStart('/')}")
                .Distinct(StringComparer.Ordinal),
        ];
}
