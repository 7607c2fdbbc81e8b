using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class StripeWebhookTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Secret = "whsec_of_the_test";
    private const string Event =
        """{"id":"evt_1","object":"event","api_version":"2099-01-01.future","type":"wishlist.created","data":{"object":{"id":"x"}}}""";

    protected override (string Key, string Value)[] Settings => [("Stripe:WebhookSecret", Secret)];

    [Fact]
    public async Task A_signed_event_is_stored_as_it_came_even_of_a_release_that_nobody_knows()
    {
        Assert.Equal(HttpStatusCode.OK, await PostAsync(Event, Sign(Event)));
        await using var db = CreateDbContext();
        var stored = await db.StripeEvents.SingleAsync();
        Assert.Equal(("evt_1", "wishlist.created", Event), (stored.Id, stored.Type, stored.Payload));
        Assert.Null(stored.AppliedAt);
    }

    [Fact]
    public async Task An_event_that_comes_again_and_at_once_is_stored_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PostAsync(Event, Sign(Event))));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer));
        await using var db = CreateDbContext();
        Assert.Equal(1, await db.StripeEvents.CountAsync());
    }

    [Fact]
    public async Task What_is_not_signed_with_the_secret_over_these_bytes_now_is_refused_and_not_stored()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        string?[] headers =
        [
            null,
            "",
            "t=1,v1=00",
            "nonsense",
            EventUtility.GenerateSignatureHeader(Event, "whsec_other", now),
            EventUtility.GenerateSignatureHeader(Event + " ", Secret, now),
            EventUtility.GenerateSignatureHeader(Event, Secret, now - 301),
            SignAt("abc"),
            SignAt("99999999999999999999999"),
            SignAt(""),
            SignAt("1.5"),
        ];
        foreach (var header in headers)
        {
            Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(Event, header));
        }

        await using var db = CreateDbContext();
        Assert.Equal(0, await db.StripeEvents.CountAsync());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"id":1,"type":"a"}""")]
    [InlineData("""{"id":"evt_1"}""")]
    [InlineData("\"text\"")]
    [InlineData("""{"id":"evt_\u0000","type":"a"}""")]
    [InlineData("""{"id":"evt_1","type":"a\u0000"}""")]
    [InlineData("""{"id":"\ud800","type":"a"}""")]
    public async Task What_is_signed_but_no_event_is_refused(string body) =>
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(body, Sign(body)));

    [Fact]
    public async Task A_body_that_is_far_too_large_is_not_read()
    {
        var body = new string('x', 2 * 1024 * 1024);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync(body, Sign(body)));
    }

    private static string Sign(string body) =>
        EventUtility.GenerateSignatureHeader(body, Secret, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>With the right secret over whatever stands for the time.</summary>
    private static string SignAt(string time) =>
        $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{time}.{Event}")))}";

    private async Task<HttpStatusCode> PostAsync(string body, string? signature)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Server.Address, "/webhooks/stripe"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (signature is not null)
        {
            request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        }

        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}
