using System.Net;
using System.Net.Http.Json;
using Portal.Sandbox.Billing;
using Portal.Tests.Shared;
using Stripe;
using Stripe.Checkout;

namespace Portal.Tests.Sandbox;

public sealed class StripeApiTests : IAsyncLifetime
{
    private SandboxServer sandbox = null!;

    public async ValueTask InitializeAsync() => sandbox = await SandboxServer.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_customer_is_found_as_it_was_made()
    {
        var made = await sandbox.Stripe.V1.Customers.CreateAsync(
            new CustomerCreateOptions
            {
                Email = "ada@example.com",
                Metadata = new() { ["account"] = "acc-1" },
            }
        );
        var found = await sandbox.Stripe.V1.Customers.GetAsync(made.Id);
        Assert.Equal(("ada@example.com", "acc-1"), (found.Email, found.Metadata["account"]));
    }

    [Fact]
    public async Task An_unknown_parameter_is_refused_as_Stripe_does()
    {
        var options = new CustomerCreateOptions();
        options.AddExtraParam("colour", "blue");
        var error = await RefusedAsync(() => sandbox.Stripe.V1.Customers.CreateAsync(options));
        Assert.Equal(
            ("invalid_request_error", "parameter_unknown", "colour", "Received unknown parameter: colour"),
            (error.Type, error.Code, error.Param, error.Message)
        );
    }

    [Fact]
    public async Task What_Stripe_knows_and_the_sandbox_does_not_play_is_said_so()
    {
        var error = await RefusedAsync(() => sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions { TaxExempt = "none" }));
        Assert.Contains("does not play the parameter tax_exempt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_key_with_the_same_parameters_gets_the_same_answer()
    {
        var (first, second) = (await CreateAsync("a@example.com"), await CreateAsync("a@example.com"));
        Assert.Equal(first.Id, second.Id);
        Assert.Equal("true", second.StripeResponse.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.False(first.StripeResponse.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("idempotency_error", (await RefusedAsync(() => CreateAsync("b@example.com"))).Type);

        Task<Customer> CreateAsync(string email) =>
            sandbox.Stripe.V1.Customers.CreateAsync(
                new CustomerCreateOptions { Email = email },
                new RequestOptions { IdempotencyKey = "key-1" }
            );
    }

    [Fact]
    public async Task A_refused_call_leaves_its_key_free()
    {
        var key = new RequestOptions { IdempotencyKey = "key-2" };
        await RefusedAsync(() => sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions { TaxExempt = "none" }, key));
        Assert.NotNull((await sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions(), key)).Id);
    }

    [Theory]
    [InlineData("sk_test_other")]
    [InlineData("sk_live_sandbox")]
    public async Task Another_key_is_refused(string key)
    {
        var error = await Assert.ThrowsAsync<StripeException>(() =>
            sandbox.ClientFor(key).V1.Customers.CreateAsync(new CustomerCreateOptions())
        );
        Assert.Equal(HttpStatusCode.Unauthorized, error.HttpStatusCode);
        Assert.DoesNotContain(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_key_nothing_is_answered()
    {
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri($"{sandbox.Url}/v1/customers/cus_1"))).StatusCode);
    }

    [Fact]
    public async Task What_is_not_there_is_missing()
    {
        var error = await Assert.ThrowsAsync<StripeException>(() => sandbox.Stripe.V1.Customers.GetAsync("cus_none"));
        Assert.Equal(
            (HttpStatusCode.NotFound, "resource_missing", "No such customer: 'cus_none'"),
            (error.HttpStatusCode, error.StripeError.Code, error.Message)
        );
    }

    [Fact]
    public async Task Objects_stand_in_the_place_of_their_ids_when_asked()
    {
        var session = await sandbox.CompletedSessionAsync("4242424242424242");
        var expanded = await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(
            session.Id,
            new SessionGetOptions { Expand = ["customer", "setup_intent.payment_method"] }
        );
        Assert.Equal("4242", expanded.SetupIntent.PaymentMethod.Card.Last4);
        Assert.NotNull(expanded.Customer.Object);
        Assert.Null((await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id)).SetupIntent);
        var error = await RefusedAsync(() =>
            sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id, new SessionGetOptions { Expand = ["mode"] })
        );
        Assert.Equal("This property cannot be expanded (mode).", error.Message);
    }

    [Fact]
    public async Task Lists_come_in_pages_newest_first()
    {
        var session = await sandbox.CompletedSessionAsync("4242424242424242");
        foreach (var _ in Enumerable.Range(0, 4))
        {
            await sandbox.AuthorizeAsync(session);
        }

        var all = await sandbox
            .Stripe.V1.PaymentIntents.ListAutoPagingAsync(new PaymentIntentListOptions { Customer = session.CustomerId, Limit = 2 })
            .ToListAsync();
        Assert.Equal(4, all.DistinctBy(intent => intent.Id).Count());
    }

    [Fact]
    public async Task An_authorization_is_made_and_cancelled_once()
    {
        var session = await sandbox.CompletedSessionAsync("4242424242424242");
        var intent = await sandbox.AuthorizeAsync(session);
        Assert.Equal(("requires_capture", 100L, 0L), (intent.Status, intent.AmountCapturable, intent.AmountReceived));
        var cancelled = await sandbox.Stripe.V1.PaymentIntents.CancelAsync(intent.Id);
        Assert.Equal(("canceled", 0L), (cancelled.Status, cancelled.AmountCapturable));
        Assert.Equal(
            "payment_intent_unexpected_state",
            (await RefusedAsync(() => sandbox.Stripe.V1.PaymentIntents.CancelAsync(intent.Id))).Code
        );
    }

    [Theory]
    [InlineData("4000000000000341", "card_declined", "generic_decline")]
    [InlineData("4100000000000019", "card_declined", "fraudulent")]
    public async Task A_card_that_attaches_and_is_declined_later_says_why(string number, string code, string declineCode)
    {
        var session = await sandbox.CompletedSessionAsync(number);
        var error = await RefusedAsync(() => sandbox.AuthorizeAsync(session, key: "once"));
        Assert.Equal(("card_error", code, declineCode), (error.Type, error.Code, error.DeclineCode));
        Assert.Equal("requires_payment_method", (await sandbox.Stripe.V1.PaymentIntents.GetAsync(error.PaymentIntent.Id)).Status);
        Assert.Equal(error.PaymentIntent.Id, (await RefusedAsync(() => sandbox.AuthorizeAsync(session, key: "once"))).PaymentIntent.Id);
    }

    [Fact]
    public async Task A_call_fails_on_demand_before_or_after_its_effect()
    {
        using var http = new HttpClient { BaseAddress = new Uri(sandbox.Url) };
        foreach (var when in new[] { FaultTime.Before, FaultTime.After })
        {
            await http.PostAsJsonAsync(
                "/_sandbox/faults",
                new
                {
                    method = "POST",
                    path = "/v1/customers",
                    when = when.ToString(),
                }
            );
            var error = await Assert.ThrowsAsync<StripeException>(() =>
                sandbox.Stripe.V1.Customers.CreateAsync(new CustomerCreateOptions(), new RequestOptions { IdempotencyKey = $"{when}" })
            );
            Assert.Equal(HttpStatusCode.InternalServerError, error.HttpStatusCode);
            var again = await sandbox.Stripe.V1.Customers.CreateAsync(
                new CustomerCreateOptions(),
                new RequestOptions { IdempotencyKey = $"{when}" }
            );
            Assert.Equal(when is FaultTime.After, again.StripeResponse.Headers.Contains("Idempotent-Replayed"));
        }

        Assert.Equal(4, (await http.GetFromJsonAsync<LoggedCall[]>("/_sandbox/calls"))!.Length);
    }

    [Fact]
    public async Task What_Stripe_knows_survives_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            string id;
            await using (var first = await SandboxServer.StartAsync(folder: folder.FullName))
            {
                id = (await first.CompletedSessionAsync("4242424242424242")).Id;
            }

            await using var second = await SandboxServer.StartAsync(folder: folder.FullName);
            var session = await second.Stripe.V1.Checkout.Sessions.GetAsync(
                id,
                new SessionGetOptions { Expand = ["setup_intent.payment_method"] }
            );
            Assert.Equal(("complete", "4242"), (session.Status, session.SetupIntent.PaymentMethod.Card.Last4));
            Assert.Equal("requires_capture", (await second.AuthorizeAsync(session)).Status);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<StripeError> RefusedAsync<T>(Func<Task<T>> call) =>
        (await Assert.ThrowsAsync<StripeException>(call)).StripeError;
}
