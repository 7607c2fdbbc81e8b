using System.Collections.Concurrent;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Portal.Sandbox.Billing;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Sandbox;

public sealed class WebhookTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Body, string Signature)> received = new();
    private readonly HttpClient http = new();
    private WebApplication receiver = null!;
    private SandboxServer sandbox = null!;
    private int refusals;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        receiver = builder.Build();
        receiver.Urls.Add("http://127.0.0.1:0");
        receiver.MapPost(
            "/hook",
            async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body);
                received.Enqueue((await reader.ReadToEndAsync(), request.Headers["Stripe-Signature"].ToString()));
                return Interlocked.Decrement(ref refusals) >= 0 ? Results.StatusCode(500) : Results.Ok();
            }
        );
        await receiver.StartAsync();
        sandbox = await SandboxServer.StartAsync(webhookUrl: $"{receiver.Urls.First()}/hook");
        http.BaseAddress = new Uri(sandbox.Url);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await sandbox.DisposeAsync();
        await receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_event_arrives_signed_and_as_Stripe_net_reads_it()
    {
        await CreateCustomerAsync();
        await Until.TrueAsync(() => received.Count == 1);
        var (body, signature) = received.Single();
        var told = EventUtility.ConstructEvent(body, signature, "whsec_sandbox");
        Assert.Equal("customer.created", told.Type);
        Assert.IsType<Customer>(told.Data.Object);
        Assert.Throws<StripeException>(() => EventUtility.ValidateSignature(body, signature, "whsec_other"));
    }

    [Fact]
    public async Task An_event_is_sent_again_until_it_is_taken()
    {
        refusals = 2;
        await CreateCustomerAsync();
        await Until.TrueAsync(() => received.Count == 3);
        Assert.Single(received.Select(one => one.Body).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Events_are_dropped_copied_and_held_on_demand()
    {
        await http.PutAsJsonAsync("/_sandbox/webhooks", new WebhookMischief(Drop: 1, Copies: 3, Hold: true));
        await CreateCustomerAsync();
        await CreateCustomerAsync();
        Assert.Empty(received);
        await http.PostAsJsonAsync("/_sandbox/webhooks/release", new { shuffle = true });
        await Until.TrueAsync(() => received.Count == 3);

        // Not word for word: a copy may leave after another one was taken, and then nothing is pending any more.
        Assert.Single(received.Select(one => EventUtility.ParseEvent(one.Body).Id).Distinct(StringComparer.Ordinal));
    }

    private Task<Customer> CreateCustomerAsync() => sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions());
}
