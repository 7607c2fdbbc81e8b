using Microsoft.Extensions.Time.Testing;
using Portal.Tests.Shared;

namespace Portal.Tests.Sandbox;

public sealed class CheckoutTests : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private SandboxServer sandbox = null!;

    public async ValueTask InitializeAsync() => sandbox = await SandboxServer.StartAsync(clock);

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_good_card_completes_the_session_and_is_attached()
    {
        var session = await sandbox.OpenSessionAsync();
        var (goTo, _) = await sandbox.EnterCardAsync(session.Id, "4242 4242 4242 4242");
        Assert.Equal($"http://127.0.0.1:1/done?session={session.Id}", goTo!.ToString());
        var methods = await sandbox.Stripe.V1.Customers.PaymentMethods.ListAsync(session.CustomerId);
        Assert.Equal(("4242", 12L, 2034L), (methods.Data[0].Card.Last4, methods.Data[0].Card.ExpMonth, methods.Data[0].Card.ExpYear));
    }

    [Theory]
    [InlineData("4242 4242 4242 4241", "12/34", "123", "Ada", "Your card number is invalid.")]
    [InlineData("4242 4242", "12/34", "123", "Ada", "Your card number is incomplete.")]
    [InlineData("4242 4242 4242 4242", "10/26", "123", "Ada", "Your card&#x27;s expiration date is in the past.")]
    [InlineData("4242 4242 4242 4242", "13/34", "123", "Ada", "Your card&#x27;s expiration date is incomplete.")]
    [InlineData("4242 4242 4242 4242", "", "123", "Ada", "Your card&#x27;s expiration date is incomplete.")]
    [InlineData("4242 4242 4242 4242", "12/34", "12", "Ada", "Your card&#x27;s security code is incomplete.")]
    [InlineData("378282246310005", "12/34", "123", "Ada", "Your card&#x27;s security code is incomplete.")]
    [InlineData("4242 4242 4242 4242", "12/34", "123", " ", "Enter the name on the card.")]
    [InlineData("4000000000000002", "12/34", "123", "Ada", "Your card was declined.")]
    [InlineData("4000000000009995", "12/34", "123", "Ada", "Your card has insufficient funds.")]
    [InlineData("4000000000009987", "12/34", "123", "Ada", "Your card was declined.")]
    [InlineData("4000000000000069", "12/34", "123", "Ada", "Your card has expired.")]
    [InlineData("4000000000000127", "12/34", "123", "Ada", "Your card&#x27;s security code is incorrect.")]
    [InlineData("4000000000000119", "12/34", "123", "Ada", "An error occurred while processing your card.")]
    [InlineData("4539578763621486", "12/34", "123", "Ada", "used a non test card")]
    public async Task A_bad_card_is_a_sentence_on_the_page_and_the_session_stays_open(
        string number,
        string expiry,
        string cvc,
        string name,
        string sentence
    )
    {
        var session = await sandbox.OpenSessionAsync();
        var (goTo, page) = await sandbox.EnterCardAsync(session.Id, number, expiry, cvc, name);
        Assert.Null(goTo);
        Assert.Contains(sentence, page, StringComparison.Ordinal);
        Assert.Equal("open", (await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id)).Status);
        Assert.NotNull((await sandbox.EnterCardAsync(session.Id, "4242424242424242")).GoTo);
    }

    [Theory]
    [InlineData("4000002500003155")]
    [InlineData("4000002760003184")]
    [InlineData("4000008260003178")]
    public async Task A_card_under_3D_Secure_is_kept_only_after_its_owner_has_answered(string number)
    {
        var session = await sandbox.OpenSessionAsync();
        var (goTo, _) = await sandbox.EnterCardAsync(session.Id, number);
        Assert.EndsWith("/authenticate", goTo!.ToString(), StringComparison.Ordinal);
        Assert.Equal($"/checkout/{session.Id}", (await sandbox.AuthenticateAsync(session.Id, passes: false))!.ToString());
        var failed = await sandbox.Stripe.V1.SetupIntents.GetAsync(session.SetupIntentId);
        Assert.Equal(("requires_payment_method", "setup_intent_authentication_failure"), (failed.Status, failed.LastSetupError.Code));

        await sandbox.EnterCardAsync(session.Id, number);
        Assert.StartsWith(
            "http://127.0.0.1:1/done",
            (await sandbox.AuthenticateAsync(session.Id, passes: true))!.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal("complete", (await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id)).Status);
    }

    [Fact]
    public async Task Two_tabs_complete_a_session_once()
    {
        var session = await sandbox.OpenSessionAsync();
        var tabs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => sandbox.EnterCardAsync(session.Id, "4242424242424242")));
        Assert.Single(tabs, tab => tab.GoTo is not null);
        Assert.All(tabs.Where(tab => tab.GoTo is null), tab => Assert.Contains("This card is saved", tab.Page, StringComparison.Ordinal));
        Assert.Single((await sandbox.Stripe.V1.Customers.PaymentMethods.ListAsync(session.CustomerId)).Data);
    }

    [Fact]
    public async Task The_same_number_has_the_same_fingerprint_whoever_enters_it()
    {
        async Task<string> FingerprintAsync(string number)
        {
            var session = await sandbox.CompletedSessionAsync(number);
            return (await sandbox.Stripe.V1.PaymentMethods.GetAsync(session.SetupIntent.PaymentMethodId)).Card.Fingerprint;
        }

        Assert.Equal(await FingerprintAsync("4242424242424242"), await FingerprintAsync("4242-4242-4242-4242"));
        Assert.NotEqual(await FingerprintAsync("4242424242424242"), await FingerprintAsync("5555555555554444"));
    }

    [Fact]
    public async Task A_session_expires_by_itself_and_takes_no_card_afterwards()
    {
        var session = await sandbox.OpenSessionAsync(clock.GetUtcNow().UtcDateTime.AddHours(1));
        clock.Advance(TimeSpan.FromHours(1.1));
        await Until.TrueAsync(async () => (await sandbox.Stripe.V1.Checkout.Sessions.GetAsync(session.Id)).Status is "expired");
        Assert.Contains(
            "This page has expired",
            (await sandbox.EnterCardAsync(session.Id, "4242424242424242")).Page,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_way_back_is_on_the_page()
    {
        var session = await sandbox.OpenSessionAsync();
        using var http = new HttpClient();
        Assert.Contains("href=\"http://127.0.0.1:1/back\"", await http.GetStringAsync(new Uri(session.Url)), StringComparison.Ordinal);
    }
}
