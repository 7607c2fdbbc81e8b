using System.Net.Http.Headers;
using System.Reflection;
using System.Text.Json.Nodes;
using Newtonsoft.Json;
using Portal.Sandbox.Billing;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Sandbox;

/// <summary>
/// Holds every call of the sandbox against Stripe.net's own classes, which are generated from Stripe's OpenAPI description (the description
/// itself is in no package that can be had here).
/// </summary>
public sealed class SchemaTests : IAsyncLifetime
{
    private readonly HttpClient http = new();
    private SandboxServer sandbox = null!;

    public async ValueTask InitializeAsync()
    {
        sandbox = await SandboxServer.StartAsync();
        http.BaseAddress = new Uri(sandbox.Url);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk_test_sandbox");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await sandbox.DisposeAsync();
    }

    [Fact]
    public void Every_parameter_that_the_sandbox_plays_is_one_of_Stripes() =>
        Assert.All(
            Route.All,
            route =>
            {
                foreach (var parameter in route.Played)
                {
                    var type = route.Options;
                    foreach (var name in parameter.Split('.'))
                    {
                        var property = Portal.Sandbox.Billing.Parameters.Find(type, name);
                        Assert.True(property is not null, $"{route.Method} {route.Path} has no parameter {parameter}.");
                        type = property.PropertyType;
                    }
                }
            }
        );

    [Fact]
    public async Task Every_answer_is_an_object_as_Stripe_describes_it()
    {
        var session = await sandbox.CompletedSessionAsync("4242424242424242");
        var open = await sandbox.OpenSessionAsync();
        var intent = await sandbox.AuthorizeAsync(session);
        var method = session.SetupIntent.PaymentMethodId;
        var told = (await sandbox.Stripe.V1.Events.ListAsync()).Data[0].Id;
        Dictionary<string, (string Id, string Form)> samples = new(StringComparer.Ordinal)
        {
            ["POST /v1/customers"] = ("", "email=a%40b.c&metadata[a]=b"),
            ["GET /v1/customers/{id}"] = (session.CustomerId, ""),
            ["POST /v1/customers/{id}"] = (session.CustomerId, $"name=Ada&invoice_settings[default_payment_method]={method}"),
            ["GET /v1/customers/{id}/payment_methods"] = (session.CustomerId, "expand[]=data.customer"),
            ["POST /v1/checkout/sessions"] = (
                "",
                "mode=setup&allowed_payment_method_types[0]=card&success_url=http%3A%2F%2Fa%2F&expand[]=setup_intent"
            ),
            ["GET /v1/checkout/sessions/{id}"] = (session.Id, "expand[0]=setup_intent.payment_method&expand[1]=customer"),
            ["GET /v1/checkout/sessions"] = ("", "limit=3"),
            ["POST /v1/checkout/sessions/{id}/expire"] = (open.Id, ""),
            ["GET /v1/setup_intents/{id}"] = (session.SetupIntentId, "expand[]=payment_method"),
            ["GET /v1/setup_intents"] = ("", ""),
            ["GET /v1/payment_methods/{id}"] = (method, ""),
            ["GET /v1/payment_methods"] = ("", $"customer={session.CustomerId}"),
            ["POST /v1/payment_methods/{id}/attach"] = (method, $"customer={session.CustomerId}"),
            ["POST /v1/payment_methods/{id}/detach"] = (method, ""),
            ["POST /v1/payment_intents"] = (
                "",
                $"amount=100&currency=usd&customer={session.CustomerId}&payment_method={method}&confirm=true&off_session=true&capture_method=manual&expand[]=latest_charge"
            ),
            ["GET /v1/payment_intents/{id}"] = (intent.Id, "expand[]=latest_charge"),
            ["GET /v1/payment_intents"] = ("", ""),
            ["POST /v1/payment_intents/{id}/cancel"] = (intent.Id, ""),
            ["GET /v1/charges/{id}"] = (intent.LatestChargeId, "expand[]=payment_intent"),
            ["GET /v1/events/{id}"] = (told, ""),
            ["GET /v1/events"] = ("", "limit=100"),
        };

        // Detaching comes last: the others need the card.
        foreach (var route in Route.All.OrderBy(route => route.Path.EndsWith("/detach", StringComparison.Ordinal)))
        {
            var name = $"{route.Method} {route.Path}";
            Assert.True(samples.TryGetValue(name, out var sample), $"{name} needs a sample here.");
            var json = await CallAsync(route, sample.Id, sample.Form);
            var wrong = new List<string>();
            Compare(json, route.Answer, name, wrong);
            Assert.Empty(wrong);
        }
    }

    private async Task<JsonObject> CallAsync(Route route, string id, string form)
    {
        var path = route.Path.Replace("{id}", id, StringComparison.Ordinal);
        using var request =
            route.Method == HttpMethod.Get
                ? new HttpRequestMessage(HttpMethod.Get, $"{path}?{form}")
                : new HttpRequestMessage(HttpMethod.Post, path)
                {
                    Content = new StringContent(form, new MediaTypeHeaderValue("application/x-www-form-urlencoded")),
                };
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{route.Method} {route.Path}: {body}");
        return JsonNode.Parse(body)!.AsObject();
    }

    /// <summary>Every member of the JSON is one of the class, and what the class cannot have as null is there.</summary>
    private static void Compare(JsonObject json, Type type, string at, List<string> wrong)
    {
        foreach (var (name, value) in json)
        {
            var property = Portal.Sandbox.Billing.Parameters.Find(type, name) ?? ExpandedProperty(type, name);
            if (property is null)
            {
                wrong.Add($"{at}: {name} is not of {type.Name}.");
                continue;
            }

            foreach (
                var (element, place) in value is JsonArray array ? array.Select((element, place) => (element, $"[{place}]")) : [(value, "")]
            )
            {
                if (element is JsonObject inner && ElementType(property.PropertyType, inner) is { } innerType)
                {
                    Compare(inner, innerType, $"{at}.{name}{place}", wrong);
                }
            }
        }

        var missing = type.GetProperties()
            .Where(property => property.GetCustomAttribute<JsonPropertyAttribute>() is not null)
            .Where(property =>
                property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
                || (property.Name is "Id" or "Object" && typeof(IHasObject).IsAssignableFrom(type))
            )
            .Where(property => json[property.GetCustomAttribute<JsonPropertyAttribute>()!.PropertyName!] is null);
        wrong.AddRange(missing.Select(property => $"{at}: {property.Name} is missing."));
    }

    // Expandable members are internal: `customer` is InternalCustomer, beside Customer and CustomerId.
    private static PropertyInfo? ExpandedProperty(Type type, string name) =>
        type.GetProperties(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .FirstOrDefault(property =>
                string.Equals(property.GetCustomAttribute<JsonPropertyAttribute>()?.PropertyName, name, StringComparison.Ordinal)
            );

    private static Type? ElementType(Type declared, JsonObject json) =>
        declared switch
        {
            _ when declared == typeof(IHasObject) => StripeEntity.FromJson(json.ToJsonString()).GetType(),
            { IsGenericType: true } when declared.GetGenericTypeDefinition().Name.StartsWith("Dictionary", StringComparison.Ordinal) =>
                null,
            { IsGenericType: true } => declared.GetGenericTypeDefinition().Name.StartsWith("StripeList", StringComparison.Ordinal)
                ? declared
                : declared.GetGenericArguments()[0],
            _ => declared,
        };
}
