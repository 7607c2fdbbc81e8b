using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Portal.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;
using static Portal.Tests.Accounts.HostileRequest;

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

    /// <summary>As browsers write it.</summary>
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public async Task No_address_breaks_or_answers_much_whatever_is_sent_to_it()
    {
        var bucket = (await Scene.AddBucketAsync()).Name;
        var endpoints = Endpoints(Server).ToList();
        Assert.InRange(endpoints.Count, 50, int.MaxValue);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForEachAsync(
            endpoints,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct },
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
        Assert.InRange((await answer.Content.ReadAsByteArrayAsync(Ct)).Length, 0, 1024);
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
            var body = await answer.Content.ReadAsByteArrayAsync(Ct);
            Assert.InRange(body.Length, 1, LargestAnswer);
            using var json = JsonDocument.Parse(body);
            return [.. json.RootElement.Clone().GetProperty(name).EnumerateArray()];
        }
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
                    using var answer = await client.Http.SendAsync(request, Ct);
                    var length = (await answer.Content.ReadAsByteArrayAsync(Ct)).Length;
                    Assert.True(
                        (int)answer.StatusCode < 500 && length <= (isPage ? LargestPage : LargestAnswer),
                        $"{request.Method} {hostile.Path} ({hostile.Type}: {hostile.Body}) was answered by {(int)answer.StatusCode} and {length} bytes."
                    );
                },
                iter: isPage ? 6 : 30,
                threads: 1
            );
    }

    private Task<HttpResponseMessage> AskAsync(FormClient client, string bucket, string step, string body) =>
        client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, $"/buckets/{bucket}/uploads/{step}")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
                Headers = { { "Origin", Server.Address.GetLeftPart(UriPartial.Authority) } },
            },
            Ct
        );
}
