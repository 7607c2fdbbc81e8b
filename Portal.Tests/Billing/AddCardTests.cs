using Microsoft.EntityFrameworkCore;
using Portal.Billing;
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
    public async Task A_number_that_was_fraud_once_is_refused_for_everybody_without_asking_the_bank()
    {
        await AddAsync("4100000000000019");
        await using (var db = CreateDbContext())
        {
            Assert.Single(await db.FlaggedFingerprints.ToListAsync());
        }

        var setup = await AddAsync("4100000000000019");
        Assert.Equal((CardSetupState.Refused, "This card cannot be used here. Use another card."), (setup.State, setup.Problem));
        Assert.Single(await IntentsAsync());
    }

    [Fact]
    public async Task One_number_is_on_three_accounts_at_most_whoever_comes_first_and_whoever_left_after_using_something()
    {
        const string number = "4242424242424242";
        var entered = new List<CardSetup>();
        await using var db = CreateDbContext();
        var others = new List<Tenant>();
        for (var i = 0; i < 4; i++)
        {
            var tenant = await Tenant.AddAsync(db, $"Twin {i}");
            others.Add(tenant);
            entered.Add(await EnterAsync(number, actor: ActorOf(tenant)));
        }

        await Task.WhenAll(entered.Select(setup => SetupJob().ApplyAsync(setup.Id, CancellationToken.None)));
        var settled = await Task.WhenAll(entered.Select(ReloadAsync));
        Assert.Equal(3, settled.Count(setup => setup.State is CardSetupState.Succeeded));
        var refused = Assert.Single(settled, setup => setup.State is CardSetupState.Refused);
        Assert.Equal("This card is on 3 accounts already. Use another card.", refused.Problem);

        // Taken off one that used nothing it makes room; off one that used something it does not.
        var kept = others.Where(tenant => tenant.Account.Id != refused.AccountId).ToList();
        db.UsageSpans.Add(
            new UsageSpan
            {
                AccountId = kept[0].Account.Id,
                ResourceId = "i-1",
                ResourceName = "one",
                Sku = "instance.t1.nano",
                Quantity = 1,
                From = Tenant.Epoch,
                To = Tenant.Epoch.AddHours(1),
            }
        );
        await db.SaveChangesAsync();
        await db
            .Cards.Where(card => card.AccountId == kept[0].Account.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(card => card.State, CardState.Removed).SetProperty(card => card.IsDefault, false));
        Assert.Equal(CardSetupState.Refused, (await AddAsync(number)).State);
        await db
            .Cards.Where(card => card.AccountId == kept[1].Account.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(card => card.State, CardState.Removed).SetProperty(card => card.IsDefault, false));
        Assert.Equal(CardSetupState.Succeeded, (await AddAsync(number)).State);
    }

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
    public async Task A_number_that_is_fraud_leaves_the_accounts_that_have_it_already()
    {
        await AddAsync("5555555555554444");
        await using var db = CreateDbContext();
        var other = ActorOf(await Tenant.AddAsync(db, "Bob"));
        const string fingerprint = "print-of-a-stolen-card";
        await KeepAsync(Actor, "pm_mine", fingerprint, isDefault: false);
        await KeepAsync(other, "pm_others", fingerprint, isDefault: true);

        await using var transaction = await db.Database.BeginTransactionAsync();
        await FraudFlags.FlagAsync(db, fingerprint, "Blocked at a card check", Clock.GetUtcNow(), CancellationToken.None);
        await transaction.CommitAsync();

        Assert.Equal("4444", Assert.Single(await ValidCardsAsync()).Last4);
        Assert.Empty(await ValidCardsAsync(other.AccountId));
        await using var after = CreateDbContext();
        Assert.All(
            await after.Cards.Where(card => card.Fingerprint == fingerprint).ToListAsync(),
            card => Assert.Equal((CardState.Refused, false, FraudFlags.NoLonger), (card.State, card.IsDefault, card.Problem))
        );
        Assert.Equal(
            "The card Visa •••• 0019 can no longer be used here. Add another card; $0 now.",
            await CardCheck.WhyNoBillingAsync(after, other.AccountId, Clock.GetUtcNow(), CancellationToken.None)
        );
        Assert.Contains(
            "DetachCard",
            await after.AuditEntries.Where(entry => entry.AccountId == other.AccountId).Select(entry => entry.Action).ToListAsync()
        );
    }

    [Fact]
    public async Task A_card_that_is_found_stolen_at_the_check_is_taken_off_whoever_had_it()
    {
        await using var db = CreateDbContext();
        var other = ActorOf(await Tenant.AddAsync(db, "Bob"));
        var setup = await EnterAsync("4100000000000019");
        var entered = await Stripe.V1.Checkout.Sessions.GetAsync(
            setup.CheckoutSessionId,
            new() { Expand = ["setup_intent.payment_method"] }
        );
        await KeepAsync(other, "pm_others", entered.SetupIntent.PaymentMethod.Card.Fingerprint, isDefault: true);

        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);

        Assert.Equal(CardSetupState.Refused, (await ReloadAsync(setup)).State);
        Assert.Empty(await ValidCardsAsync(other.AccountId));
    }

    [Fact]
    public async Task A_number_that_is_flagged_while_it_is_being_checked_is_not_taken_in()
    {
        await using var flagging = CreateDbContext();
        var setup = await EnterAsync("4242424242424242");
        var entered = await Stripe.V1.Checkout.Sessions.GetAsync(
            setup.CheckoutSessionId,
            new() { Expand = ["setup_intent.payment_method"] }
        );
        await using var transaction = await flagging.Database.BeginTransactionAsync();
        await FraudFlags.FlagAsync(
            flagging,
            entered.SetupIntent.PaymentMethod.Card.Fingerprint,
            "Blocked at a card check",
            Clock.GetUtcNow(),
            CancellationToken.None
        );
        var checking = SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        await Until.TrueAsync(async () => (await IntentsAsync()).Exists(intent => intent.Status is "canceled"));
        await transaction.CommitAsync();
        await checking;

        setup = await ReloadAsync(setup);
        Assert.Equal((CardSetupState.Refused, FraudFlags.NotHere), (setup.State, setup.Problem));
        Assert.Empty(await ValidCardsAsync());
    }

    [Fact]
    public async Task A_card_that_was_entered_while_its_account_closed_is_not_taken_in()
    {
        var setup = await EnterAsync("4242424242424242");
        await using (var db = CreateDbContext())
        {
            (await db.Accounts.SingleAsync(account => account.Id == Actor.AccountId)).RequestClose(null, Clock.GetUtcNow());
            await db.SaveChangesAsync();
        }

        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);

        setup = await ReloadAsync(setup);
        Assert.Equal(
            (CardSetupState.Refused, "This account was closed while the card was entered. The card was not added."),
            (setup.State, setup.Problem)
        );
        Assert.Empty(await ValidCardsAsync());
        await using var after = CreateDbContext();
        Assert.Equal(CardState.Refused, (await after.Cards.SingleAsync(card => card.AccountId == Actor.AccountId)).State);
    }

    private async Task KeepAsync(Portal.Model.Accounts.Actor actor, string id, string fingerprint, bool isDefault)
    {
        await using var db = CreateDbContext();
        db.Cards.Add(
            new Portal.Model.Billing.Card
            {
                Id = id,
                AccountId = actor.AccountId,
                Brand = "visa",
                Last4 = "0019",
                ExpiryMonth = 12,
                ExpiryYear = 2034,
                Fingerprint = fingerprint,
                State = CardState.Valid,
                IsDefault = isDefault,
                AddedAt = Clock.GetUtcNow(),
            }
        );
        await db.SaveChangesAsync();
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
    public async Task Whoever_tries_many_cards_in_an_hour_is_stopped()
    {
        for (var i = 0; i < AddCard.MostPerHour; i++)
        {
            await BeginAsync();
        }

        Assert.Equal(
            "Too many cards were tried. Wait an hour, then try again.",
            (await Add.BeginAsync(Actor, Origin, null, null, CancellationToken.None)).Reason
        );
    }

    [Fact]
    public async Task Tries_at_the_same_moment_are_counted_too()
    {
        await using (var db = CreateDbContext())
        {
            db.AddRange(
                Enumerable
                    .Range(1, AddCard.MostPerHour - 1)
                    .Select(_ => new CardSetup
                    {
                        Id = Guid.NewGuid(),
                        AccountId = Actor.AccountId,
                        CreatedAt = Clock.GetUtcNow(),
                    })
            );
            await db.SaveChangesAsync();
        }

        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Add.BeginAsync(Actor, Origin, null, null, CancellationToken.None))
        );
        Assert.Single(outcomes, outcome => outcome.IsDone);
    }

    [Fact]
    public async Task Whose_address_is_not_confirmed_tries_a_few_cards_only()
    {
        await using var db = CreateDbContext();
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.EmailConfirmed, false));
        for (var i = 0; i < AddCard.MostUnconfirmed; i++)
        {
            await BeginAsync();
            Clock.Advance(TimeSpan.FromHours(2));
        }

        Assert.StartsWith(
            "Confirm your e-mail address",
            (await Add.BeginAsync(Actor, Origin, null, null, CancellationToken.None)).Reason,
            StringComparison.Ordinal
        );
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.EmailConfirmed, true));
        await BeginAsync();
    }

    [Fact]
    public async Task Whoever_makes_an_account_for_every_few_cards_is_stopped_by_network()
    {
        await using var db = CreateDbContext();
        var from = System.Net.IPAddress.Parse("2001:db8:1:2::1");
        for (var account = 0; account < 6; account++)
        {
            var actor = ActorOf(await Tenant.AddAsync(db, "Eve")) with { From = from };
            for (var i = 0; i < AddCard.MostUnconfirmed; i++)
            {
                await BeginAsync(actor: actor);
            }
        }

        var next = ActorOf(await Tenant.AddAsync(db, "Eve")) with { From = System.Net.IPAddress.Parse("2001:db8:1:2::2") };
        Assert.Equal(
            "Too many cards were tried from your network. Wait an hour, then try again.",
            (await Add.BeginAsync(next, Origin, null, null, CancellationToken.None)).Reason
        );
        await BeginAsync(actor: next with { From = System.Net.IPAddress.Parse("2001:db8:1:3::1") });
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
