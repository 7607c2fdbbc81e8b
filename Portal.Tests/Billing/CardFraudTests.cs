using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

/// <summary>A number that is on too many accounts, or was flagged as fraud, before, after or while it is taken in.</summary>
[Trait("Needs", "database")]
public sealed class CardFraudTests(TestPostgres postgres) : CardScene(postgres)
{
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
}
