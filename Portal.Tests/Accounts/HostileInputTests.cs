using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using Portal.Buckets;
using Portal.Compute;
using Portal.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Every address of the web gets what nobody's page sends: other types, other shapes, what is too long, too deep and too many. The
/// endpoints, the names of their parameters and the fields of their forms are found here, so that a new one is tried as well.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Needs", "database")]
public sealed class HostileInputTests(TestPostgres postgres, TestCeph ceph) : BucketTests(postgres, ceph)
{
    private const int LargestAnswer = 64 * 1024,
        LargestPage = 256 * 1024;

    private static readonly string[] Types =
    [
        "application/json",
        "application/json",
        "application/json",
        "application/json; charset=utf-16",
        "application/jsonp",
        "text/plain",
        "nonsense",
        "",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
    ];

    private static readonly string[] Words =
    [
        "",
        " ",
        "a",
        "a.txt",
        "true",
        "-1",
        "0",
        "1",
        "2147483648",
        "1e400",
        "NaN",
        "\0",
        "a\0b",
        "\uFFFD",
        "\r\n",
        "../..",
        "%00",
        "%",
        "'",
        "\"",
        "<b>",
        "{}",
        "[]",
        "ü/日本語/😀",
        "2~",
        "null",
        "00000000-0000-0000-0000-000000000000",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999+14:00",
        "https://example.com/",
        "//example.com",
        "javascript:0",
        "person@example.com",
        "AAAA",
        new string('a', 300),
        new string('é', 1000),
        new string('/', 2000),
        new string('x', 5000),
    ];

    private static readonly string[] Scalars =
    [
        "null",
        "true",
        "false",
        "1e309",
        "-0",
        "1000000",
        "5497558138880",
        "5497558138881",
        "9223372036854775807",
        "\"\\ud800\"",
        "[null]",
        "{}",
        "[]",
        "[[[[[[]]]]]]",
    ];

    private static readonly Gen<string> Word = Gen.Frequency(
        (4, Gen.Int[0, Words.Length - 1].Select(index => Words[index])),
        (1, Gen.String[0, 40]),
        (1, Gen.Char.AlphaNumeric.Array[0, 600].Select(letters => new string(letters)))
    );

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Word.Select(word => JsonSerializer.Serialize(word)),
        Gen.Long.Select(Text),
        Gen.Int[-2, 120].Select(number => Text(number)),
        Gen.Double.Select(number => number.ToString("R", CultureInfo.InvariantCulture)),
        Gen.Int[0, Scalars.Length - 1].Select(index => Scalars[index])
    );

    /// <summary>As browsers write it.</summary>
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_address_breaks_or_answers_much_whatever_is_sent_to_it()
    {
        var bucket = (await Scene.AddBucketAsync()).Name;
        var endpoints = Endpoints().ToList();
        Assert.InRange(endpoints.Count, 50, int.MaxValue);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForEachAsync(
            endpoints,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Stopped },
            (endpoint, _) => new ValueTask(TryAsync(endpoint, bucket))
        );
        await Until.TrueAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 128 << 20);
    }

    [Theory]
    [InlineData("complete", """{"key":"a","uploadId":"2~x","size":1000000,"partSize":1}""")]
    [InlineData("complete", """{"key":"a","uploadId":"2~x","size":5497558138880,"partSize":0}""")]
    [InlineData("complete", """{"key":"a","uploadId":"2~x","size":9223372036854775807,"partSize":-1}""")]
    [InlineData("complete", """{"key":"a","uploadId":"2~x","size":0}""")]
    [InlineData("sign", """{"key":"a","uploadId":"2~x","parts":[0]}""")]
    [InlineData("sign", """{"key":"a","uploadId":"2~x","parts":[10001]}""")]
    [InlineData("begin", """{"files":[null]}""")]
    [InlineData("begin", """{"files":[{"key":"a","size":1,"uploadId":"\u0000"}]}""")]
    [InlineData("begin", """{"files":[[[[[[[1]]]]]]]}""")]
    [InlineData("abort", """{"uploadId":"2~x"}""")]
    [InlineData("abort", "null")]
    public async Task An_upload_takes_no_number_list_or_name_on_trust(string step, string body)
    {
        var bucket = (await Scene.AddBucketAsync()).Name;
        using var client = await Server.NewClientAsync(Scene.Ada);
        using var answer = await AskAsync(client, bucket, step, body);
        Assert.InRange((int)answer.StatusCode, 400, 499);
        Assert.InRange((await answer.Content.ReadAsByteArrayAsync(Stopped)).Length, 0, 1024);
    }

    [Fact]
    public async Task An_answer_holds_as_many_plans_and_addresses_as_fit_and_the_others_are_asked_for_again()
    {
        var bucket = (await Scene.AddBucketAsync()).Name;
        using var client = await Server.NewClientAsync(Scene.Ada);
        var names = Enumerable.Range(0, Uploads.MostFilesAtOnce).Select(number => $"{new string('é', 500)}{number:d3}").ToList();
        var begun = 0;
        while (begun < names.Count)
        {
            using var answer = await AskAsync(
                client,
                bucket,
                "begin",
                JsonSerializer.Serialize(
                    new
                    {
                        files = names[begun..]
                            .Select(key => new
                            {
                                key,
                                size = 10,
                                replace = false,
                            }),
                    },
                    Plain
                )
            );
            var plans = await PlansAsync(answer, "files");
            Assert.All(plans, plan => Assert.Contains("X-Amz-Signature", plan.GetProperty("url").GetString(), StringComparison.Ordinal));
            begun += plans.Count;
        }

        Assert.Equal(names.Count, begun);
        using var signed = await AskAsync(
            client,
            bucket,
            "sign",
            JsonSerializer.Serialize(
                new
                {
                    key = names[0],
                    uploadId = "2~x",
                    parts = Enumerable.Range(1, Uploads.MostPartsAtOnce),
                }
            )
        );
        Assert.InRange((await PlansAsync(signed, "urls")).Count, 10, 99);

        static async Task<List<JsonElement>> PlansAsync(HttpResponseMessage answer, string name)
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var body = await answer.Content.ReadAsByteArrayAsync(Stopped);
            Assert.InRange(body.Length, 1, LargestAnswer);
            using var json = JsonDocument.Parse(body);
            return [.. json.RootElement.Clone().GetProperty(name).EnumerateArray()];
        }
    }

    /// <summary>Whoever adds an endpoint that is sent something says how large that may be.</summary>
    [Fact]
    public void Every_endpoint_that_changes_something_bounds_its_body() =>
        Assert.Empty(
            Endpoints()
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
        using var client = await Server.NewClientAsync(Scene.Ada);
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
            using var answer = await client.Http.SendAsync(request, Stopped);
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

    private async Task TryAsync(RouteEndpoint endpoint, string bucket)
    {
        var isPage = endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null;
        var person = await Server.AddPersonAsync(isOperator: true);
        using var client = await Server.NewClientAsync(
            endpoint.RoutePattern.RawText!.StartsWith("/buckets/", StringComparison.Ordinal) ? Scene.Ada : person
        );
        var page = await client.PageAsync("/settings");
        var token = page.QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var names = Names(endpoint)
            .Concat(page.QuerySelectorAll("input[name]").Select(input => input.GetAttribute("name")!))
            .Append("_handler")
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        await RequestOf(endpoint, names, token, bucket)
            .SampleAsync(
                async hostile =>
                {
                    using var request = hostile.Build(Server.Address);
                    using var answer = await client.Http.SendAsync(request, Stopped);
                    var length = (await answer.Content.ReadAsByteArrayAsync(Stopped)).Length;
                    Assert.True(
                        (int)answer.StatusCode < 500 && length <= (isPage ? LargestPage : LargestAnswer),
                        $"{request.Method} {hostile.Path} ({hostile.Type}: {hostile.Body}) was answered by {(int)answer.StatusCode} and {length} bytes."
                    );
                },
                iter: isPage ? 6 : 30,
                threads: 1
            );
    }

    private static Gen<Hostile> RequestOf(RouteEndpoint endpoint, string[] names, string token, string bucket)
    {
        var name = Gen.Int[0, names.Length - 1].Select(index => names[index]);
        var pairs = Gen.Select(name, Word).List[0, 5];
        var members = Gen.Select(name, Gen.OneOf(Scalar, Scalar.List[0, 6].Select(list => $"[{string.Join(',', list)}]")))
            .List[0, 6]
            .Select(Object);
        var json = Gen.OneOf(
            members,
            Scalar,
            members.List[0, 4].Select(list => Object([("files", $"[{string.Join(',', list)}]")])),
            Gen.Int[1, 60].Select(depth => new string('[', depth * 50)),
            Gen.Const("{\"a\"")
        );
        var form = pairs.Select(fields =>
            string.Join(
                '&',
                fields
                    .Append(("__RequestVerificationToken", token))
                    .Select(field => $"{Uri.EscapeDataString(field.Item1)}={Uri.EscapeDataString(field.Item2)}")
            )
        );
        var many = Gen.Int[60, 2000].Select(count => string.Join('&', Enumerable.Range(0, count).Select(number => $"a{number}=b")));
        var methods = Methods(endpoint);
        return from method in Gen.Int[0, methods.Length - 1]
            from path in Word.Array[4]
            from query in pairs
            from type in Gen.Int[0, Types.Length - 1]
            from body in Types[type].Contains("json", StringComparison.Ordinal)
                ? json
                : Gen.Frequency(
                    (8, form),
                    (1, many),
                    (1, Gen.String[0, 200]),
                    (1, Gen.Const("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nc\r\n--x--\r\n"))
                )
            select new Hostile(methods[method], Path(endpoint.RoutePattern, path, bucket) + Query(query), Types[type], body);
    }

    /// <summary>The bucket is the one that is there: behind it is more than behind a name that is not.</summary>
    private static string Path(RoutePattern pattern, string[] words, string bucket) =>
        "/"
        + string.Join(
            '/',
            pattern.PathSegments.Select(
                (segment, index) =>
                    string.Concat(
                        segment.Parts.Select(part =>
                            part switch
                            {
                                RoutePatternLiteralPart literal => literal.Content,
                                RoutePatternParameterPart { Name: "name" or "Name" } when index == 1 => bucket,
                                RoutePatternParameterPart parameter
                                    when pattern.ParameterPolicies.TryGetValue(parameter.Name, out var policies)
                                        && policies is [{ Content: "guid" }, ..] => Guid.Empty.ToString(),
                                RoutePatternParameterPart parameter
                                    when pattern.ParameterPolicies.TryGetValue(parameter.Name, out var policies)
                                        && policies is [{ Content: "int" }, ..] => "404",
                                _ => Uri.EscapeDataString(
                                    words[index % words.Length].Replace("\0", "", StringComparison.Ordinal).Replace('.', 'x')
                                        is { Length: > 0 } word
                                        ? word[..Math.Min(word.Length, 300)]
                                        : "a"
                                ),
                            }
                        )
                    )
            )
        );

    private static string Query(List<(string Name, string Value)> pairs)
    {
        var query = string.Join('&', pairs.Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value)}"));
        return query.Length is 0 or > 4000 ? "" : $"?{query}";
    }

    private static string Object(IEnumerable<(string Name, string Value)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{JsonSerializer.Serialize(member.Name)}:{member.Value}"))}}}";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private IEnumerable<RouteEndpoint> Endpoints() =>
        Server
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(endpoint =>
                endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null
                && endpoint.RoutePattern.RawText is { } raw
                && !raw.TrimStart('/').StartsWith('_')
                && !raw.Contains("**", StringComparison.Ordinal)
            );

    /// <summary>A page takes a form as well where it has one.</summary>
    private static string[] Methods(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Where(method => method is not "HEAD" and not "OPTIONS").ToArray()
            is { Length: > 0 } methods
            ? methods
            : ["GET", "POST"];

    /// <summary>By which an endpoint reads what it is sent: of its delegate, of the page and all of its kind, of the messages.</summary>
    private static IEnumerable<string> Names(RouteEndpoint endpoint) =>
        [
            .. endpoint.Metadata.OfType<MethodInfo>().SelectMany(method => method.GetParameters()).Select(parameter => parameter.Name!),
            .. typeof(WebHost)
                .Assembly.GetTypes()
                .Where(type => typeof(IFromBrowser).IsAssignableFrom(type))
                .SelectMany(type => type.GetProperties())
                .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)),
            .. endpoint
                .Metadata.GetMetadata<ComponentTypeMetadata>()
                ?.Type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
                .Where(property =>
                    property
                        .GetCustomAttributes()
                        .Any(attribute => attribute is SupplyParameterFromQueryAttribute or SupplyParameterFromFormAttribute)
                )
                .Select(property =>
                    property.GetCustomAttribute<SupplyParameterFromQueryAttribute>()?.Name
                    ?? property.GetCustomAttribute<SupplyParameterFromFormAttribute>()?.Name
                    ?? property.Name
                )
                ?? [],
            "credential",
            "password",
            "name",
        ];

    private Task<HttpResponseMessage> AskAsync(FormClient client, string bucket, string step, string body) =>
        client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, $"/buckets/{bucket}/uploads/{step}")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
                Headers = { { "Origin", Server.Address.GetLeftPart(UriPartial.Authority) } },
            },
            Stopped
        );

    private sealed record Hostile(string Method, string Path, string Type, string Body)
    {
        public HttpRequestMessage Build(Uri origin)
        {
            var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(Path, UriKind.Relative));
            if (Method is not "GET")
            {
                request.Headers.TryAddWithoutValidation("Origin", origin.GetLeftPart(UriPartial.Authority));
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
                request.Content.Headers.TryAddWithoutValidation("Content-Type", Type);
            }

            return request;
        }
    }
}
