using System.Reflection;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using Portal.Compute;
using Portal.Shared;
using Portal.Tests.Shared;
using static Portal.Tests.Accounts.HostileRequest;

namespace Portal.Tests.Accounts;

/// <summary>How much may be sent, by whichever way.</summary>
[Trait("Needs", "database")]
public sealed class InputBoundsTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Whoever adds an endpoint that is sent something says how large that may be.</summary>
    [Fact]
    public void Every_endpoint_that_changes_something_bounds_its_body() =>
        Assert.Empty(
            Endpoints(Server)
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Any(method => method is "POST" or "PUT" or "PATCH")
                        is true
                    && endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is null
                )
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<IRequestSizeLimitMetadata>()?.MaxRequestBodySize is not <= InputBounds.LargestBody
                )
                .Select(endpoint => endpoint.RoutePattern.RawText)
        );

    [Fact]
    public async Task A_body_that_is_longer_than_any_of_Portals_own_is_refused()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        foreach (
            var (path, length) in new[]
            {
                ("/sign-in", 65 * 1024),
                ("/confirm-email/resend", 65 * 1024),
                ("/billing/card", 1025 * 1024),
                ("/buckets/x/uploads/begin", 257 * 1024),
                ("/webhooks/stripe", 1025 * 1024),
            }
        )
        {
            using var content = new StringContent($"a={new string('a', length)}", Encoding.ASCII, "application/x-www-form-urlencoded");
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
            // else the refusal and the end of the connection may overtake the body, and the answer is not read
            request.Headers.ExpectContinue = true;
            using var answer = await client.Http.SendAsync(request, Ct);
            Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{path} answered {answer.StatusCode}.");
        }
    }

    /// <summary>
    /// What a browser's script may call in a circuit. Whoever adds a method says here what it does with more than it should get.
    /// </summary>
    [Fact]
    public async Task What_scripts_may_call_takes_no_more_than_it_shows()
    {
        var callable = typeof(WebHost)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static))
            .Where(method =>
                method.DeclaringType!.Assembly == typeof(WebHost).Assembly && method.GetCustomAttribute<JSInvokableAttribute>() is not null
            )
            .ToDictionary(method => $"{method.DeclaringType!.Name}.{method.Name}", StringComparer.Ordinal);
        Assert.Equal(
            [
                "ConsoleInBrowser.Told",
                "Presses.BecameOf",
                "Presses.Done",
                "Presses.Heard",
                "Presses.WentThrough",
                "UploadsInBrowser.Uploaded",
            ],
            callable.Keys.Order(StringComparer.Ordinal)
        );
        Assert.Empty(callable["UploadsInBrowser.Uploaded"].GetParameters());
        Assert.All(
            callable.Values.Where(method => method.DeclaringType == typeof(Presses)).SelectMany(method => method.GetParameters()),
            parameter => Assert.True(parameter.ParameterType.IsPrimitive, parameter.Name)
        );

        var heard = new List<(string State, string Sentence)>();
        await using var console = new ConsoleInBrowser(
            null!,
            (state, sentence) =>
            {
                heard.Add((state, sentence));
                return Task.CompletedTask;
            }
        );
        await console.Told(new string('x', 1 << 20), new string('y', 1 << 20));
        await console.Told("open", null!);
        Assert.Equal([("closed", new string('y', ConsoleInBrowser.LongestSentence)), ("open", "")], heard);
    }
}
