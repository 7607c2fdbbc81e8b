using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Requests as no page of Portal sends them, and the addresses that take one.</summary>
internal static class HostileRequest
{
    internal static readonly string[] Types =
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

    internal static readonly string[] Words =
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

    internal static readonly string[] Scalars =
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

    internal static readonly Gen<string> Word = Gen.Frequency(
        (4, Gen.Int[0, Words.Length - 1].Select(index => Words[index])),
        (1, Gen.String[0, 40]),
        (1, Gen.Char.AlphaNumeric.Array[0, 600].Select(letters => new string(letters)))
    );

    internal static readonly Gen<string> Scalar = Gen.OneOf(
        Word.Select(word => JsonSerializer.Serialize(word)),
        Gen.Long.Select(Text),
        Gen.Int[-2, 120].Select(number => Text(number)),
        Gen.Double.Select(number => number.ToString("R", CultureInfo.InvariantCulture)),
        Gen.Int[0, Scalars.Length - 1].Select(index => Scalars[index])
    );

    internal static Gen<Hostile> RequestOf(RouteEndpoint endpoint, string[] names, string token, string bucket)
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
    internal static string Path(RoutePattern pattern, string[] words, string bucket) =>
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

    internal static string Query(List<(string Name, string Value)> pairs)
    {
        var query = string.Join('&', pairs.Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value)}"));
        return query.Length is 0 or > 4000 ? "" : $"?{query}";
    }

    internal static string Object(IEnumerable<(string Name, string Value)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{JsonSerializer.Serialize(member.Name)}:{member.Value}"))}}}";

    internal static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    internal static IEnumerable<RouteEndpoint> Endpoints(PortalServer server) =>
        server
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
    internal static string[] Methods(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Where(method => method is not "HEAD" and not "OPTIONS").ToArray()
            is { Length: > 0 } methods
            ? methods
            : ["GET", "POST"];

    /// <summary>By which an endpoint reads what it is sent: of its delegate, of the page and all of its kind, of the messages.</summary>
    internal static IEnumerable<string> Names(RouteEndpoint endpoint) =>
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

    internal sealed record Hostile(string Method, string Path, string Type, string Body)
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
