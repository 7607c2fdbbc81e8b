using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Sandbox.Billing;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class AddCardTests(TestPostgres postgres) : CardScene(postgres)
{
    [Fact]
    public async Task A_card_that_works_is_kept_as_the_default_and_nothing_stays_authorized()
    {
        var setup = await AddAsync("4242424242424242");
        Assert.Equal((CardSetupState.Succeeded, null), (setup.State, setup.Problem));
        var card = Assert.Single(await ValidCardsAsync());
        Assert.Equal(("Visa •••• 4242", true), (card.Label, card.IsDefault));
        var intent = Assert.Single(await IntentsAsync());
        Assert.Equal(("canceled", 100L, 0L), (intent.Status, intent.Amount, intent.AmountReceived));
        Assert.Equal(["BeginCardSetup", "CreateStripeCustomer", "AttachCard", "SetDefaultCard"], await AuditAsync());
    }

    [Theory]
    [InlineData("4000000000000341", "The bank declined the card.")]
    [InlineData("4000002760003184", "The bank wants to confirm every payment of this card")]
    [InlineData("4000008260003178", "The bank says that the card has insufficient funds")]
    [InlineData("4100000000000019", "This card cannot be used here.")]
    public async Task A_card_that_is_declined_at_the_check_is_refused_with_a_sentence_and_detached(string number, string sentence)
    {
        var setup = await AddAsync(number);
        Assert.Equal(CardSetupState.Refused, setup.State);
        Assert.StartsWith(sentence, setup.Problem, StringComparison.Ordinal);
        Assert.Empty(await ValidCardsAsync());
        await DetachAsync();
        Assert.Null((await Stripe.V1.PaymentMethods.GetAsync(setup.PaymentMethodId)).CustomerId);
    }

    [Fact]
    public async Task A_card_under_3D_Secure_works_once_its_owner_has_answered() =>
        Assert.Equal(CardSetupState.Succeeded, (await AddAsync("4000002500003155")).State);

    [Fact]
    public async Task A_prepaid_card_is_kept_and_marked()
    {
        await AddAsync("5105105105105100");
        await AddAsync("5555555555554444");
        Assert.Equal(
            [("Mastercard •••• 4444", false), ("Mastercard •••• 5100", true)],
            (await ValidCardsAsync()).Select(card => (card.Label, card.IsPrepaid)).Order()
        );
    }

    [Fact]
    public async Task Coming_back_without_a_card_leaves_nothing_behind()
    {
        var setup = await BeginAsync();
        await Add.CancelAsync(Actor, setup.Id, CancellationToken.None);
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        setup = await ReloadAsync(setup);
        Assert.Equal(
            (CardSetupState.Abandoned, "The card page was left. No card was added and nothing was charged."),
            (setup.State, setup.Problem)
        );
    }

    [Fact]
    public async Task Coming_back_after_a_failed_confirmation_says_so()
    {
        var setup = await BeginAsync();
        await Sandbox.EnterCardAsync(setup.CheckoutSessionId!, "4000002500003155");
        await Sandbox.AuthenticateAsync(setup.CheckoutSessionId!, passes: false);
        await Add.CancelAsync(Actor, setup.Id, CancellationToken.None);
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        Assert.Equal("No card was added: the bank's 3-D Secure confirmation failed.", (await ReloadAsync(setup)).Problem);
    }

    [Fact]
    public async Task Cancelling_in_one_tab_what_was_paid_in_another_keeps_the_card()
    {
        var setup = await EnterAsync("4242424242424242");
        await Add.CancelAsync(Actor, setup.Id, CancellationToken.None);
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        Assert.Equal(CardSetupState.Succeeded, (await ReloadAsync(setup)).State);
    }

    [Fact]
    public async Task A_page_that_is_left_open_is_abandoned_once_Stripe_has_closed_it()
    {
        var setup = await BeginAsync();
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        Assert.Equal(CardSetupState.Open, (await ReloadAsync(setup)).State);
        Clock.Advance(CardSetup.PageLife + TimeSpan.FromMinutes(1));
        await Until.TrueAsync(async () => (await Stripe.V1.Checkout.Sessions.GetAsync(setup.CheckoutSessionId)).Status is "expired");
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        Assert.Equal(CardSetupState.Abandoned, (await ReloadAsync(setup)).State);
    }

    [Theory]
    [InlineData("4242424242424242", "5555555555554444", 2)]
    [InlineData("4242424242424242", "4242424242424242", 1)]
    public async Task Two_tabs_with_two_cards_end_with_one_default(string first, string second, int kept)
    {
        var (one, two) = (await EnterAsync(first), await EnterAsync(second));
        await Task.WhenAll(SetupJob().ApplyAsync(one.Id, CancellationToken.None), SetupJob().ApplyAsync(two.Id, CancellationToken.None));
        var cards = await ValidCardsAsync();
        Assert.Equal(kept, cards.Count);
        Assert.Single(cards, card => card.IsDefault);
        Assert.All(await IntentsAsync(), intent => Assert.Equal("canceled", intent.Status));
    }

    [Fact]
    public async Task A_card_that_replaces_another_takes_its_place_as_the_default()
    {
        await AddAsync("4242424242424242");
        var old = Assert.Single(await ValidCardsAsync());
        await AddAsync("5555555555554444", replaces: old.Id);
        Assert.Equal(
            ("Mastercard •••• 4444", true),
            Assert.Single(await ValidCardsAsync()) is var card ? (card.Label, card.IsDefault) : default
        );
        await DetachAsync();
        Assert.Null((await Stripe.V1.PaymentMethods.GetAsync(old.Id)).CustomerId);
    }

    [Fact]
    public async Task A_second_card_does_not_become_the_default_by_itself()
    {
        await AddAsync("4242424242424242");
        await AddAsync("5555555555554444");
        Assert.Equal("4242", (await ValidCardsAsync()).Single(card => card.IsDefault).Last4);
    }

    [Theory]
    [InlineData("POST", "/v1/customers")]
    [InlineData("POST", "/v1/checkout/sessions")]
    public async Task Stripe_away_while_the_page_is_opened_is_a_sentence_and_the_next_try_works(string method, string path)
    {
        foreach (var when in (FaultTime[])[FaultTime.Before, FaultTime.After])
        {
            Sandbox.Fail(new Fault(method, path, When: when));
            var outcome = await Add.BeginAsync(Actor, Origin, returnTo: null, replaces: null, CancellationToken.None);
            Assert.StartsWith("Stripe, where cards are entered, does not answer", outcome.Reason, StringComparison.Ordinal);
        }

        await BeginAsync();
        Assert.Single((await Stripe.V1.Events.ListAsync(new EventListOptions { Type = "customer.created" })).Data);
    }

    [Fact]
    public async Task The_way_back_leads_to_a_page_of_Portal_only()
    {
        await Add.BeginAsync(Actor, Origin, "https://evil.example", null, CancellationToken.None);
        await using var db = CreateDbContext();
        Assert.Equal("/billing/card", (await db.CardSetups.SingleAsync()).ReturnTo);
    }

    [Fact]
    public async Task Anothers_card_cannot_be_replaced_and_anothers_setup_not_cancelled()
    {
        await AddAsync("4242424242424242");
        var mine = await BeginAsync();
        await using var db = CreateDbContext();
        var stranger = ActorOf(await Tenant.AddAsync(db, "Eve"));
        Assert.NotNull((await Add.BeginAsync(stranger, Origin, null, (await ValidCardsAsync())[0].Id, CancellationToken.None)).Reason);
        await Add.CancelAsync(stranger, mine.Id, CancellationToken.None);
        Assert.Equal("open", (await Stripe.V1.Checkout.Sessions.GetAsync(mine.CheckoutSessionId)).Status);
    }
}
