using System.Collections.Concurrent;
using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Addresses as anybody may write them.</summary>
[Trait("Needs", "database")]
public sealed partial class NonsenseAddressTests(OneServer one) : TenancyScene(one)
{
    private static readonly string[] Nonsense =
    [
        "abc",
        "99999999999999999999999",
        "-1",
        "1.5",
        "%00",
        "a%00b",
        "%ED%A0%80",
        "%FF%FE",
        "%F0%9F%92%A9",
        "2026-13-45",
        "%27%22%3C%3E%5C%25",
        "..%2F..",
        new('x', 7000),
        new('x', 10_000),
    ];

    [Fact]
    public async Task No_parameter_of_an_address_makes_Portal_fail()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        var asks = Endpoints().SelectMany(endpoint => AsksOf(endpoint, owner)).Distinct().ToList();
        Assert.InRange(asks.Count, 500, int.MaxValue);
        var failed = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            asks,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken },
            async (ask, ct) =>
            {
                using var request = new HttpRequestMessage(ask.Method, ask.Path);
                using var answer = await (ask.Path.StartsWith("/operator", StringComparison.Ordinal) ? keeper : own).Http.SendAsync(
                    request,
                    ct
                );
                if ((int)answer.StatusCode >= 500)
                {
                    failed.Add($"{ask.Method} {ask.Path[..Math.Min(100, ask.Path.Length)]}: {answer.StatusCode}");
                }
            }
        );
        Assert.Empty(failed.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("POST", "/not-there", true)]
    [InlineData("PUT", "/not/there", true)]
    [InlineData("DELETE", "/instances/there/is/none", true)]
    [InlineData("GET", "/not-there", true)]
    [InlineData("GET", "/not/there", false)]
    [InlineData("POST", "/not-there", false)]
    [InlineData("PATCH", "/not/there", false)]
    [InlineData("POST", "/portal.css", false)]
    public async Task Whatever_is_sent_to_an_address_where_nothing_is_gets_404(string method, string path, bool isSignedIn)
    {
        using var client = isSignedIn ? await Server.NewClientAsync(await Server.AddPersonAsync()) : Server.NewClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(
            "There is nothing at this address",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    private static IEnumerable<(HttpMethod Method, string Path)> AsksOf(RouteEndpoint endpoint, Owner owner)
    {
        var (pattern, method) = (Pattern(endpoint), Method(endpoint));
        foreach (var nonsense in Nonsense)
        {
            if (endpoint.RoutePattern.Parameters is [{ IsCatchAll: false }, ..])
            {
                yield return (method, Parameter.Replace(pattern, nonsense));
            }

            foreach (var name in FromQuery(endpoint))
            {
                var filled = owner.Fill(pattern);
                yield return (method, $"{filled}{(filled.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{name}={nonsense}");
            }
        }
    }

    private static IEnumerable<string> FromQuery(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is { } page
            ? page
                .Type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Select(property => (property.Name, FromQuery: property.GetCustomAttribute<SupplyParameterFromQueryAttribute>()))
                .Where(property => property.FromQuery is not null)
                .Select(property => property.FromQuery!.Name ?? property.Name)
            : endpoint
                .Metadata.GetMetadata<MethodInfo>()
                ?.GetParameters()
                .Where(parameter => parameter.ParameterType == typeof(string) || parameter.ParameterType.IsPrimitive)
                .Select(parameter => parameter.Name!)
                .Where(name => endpoint.RoutePattern.GetParameter(name) is null)
                ?? [];

    [GeneratedRegex(@"\{[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter { get; }
}
