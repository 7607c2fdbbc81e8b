using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Billing;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class ChangeCardTests(TestPostgres postgres) : CardScene(postgres)
{
    [Fact]
    public async Task Another_card_can_be_made_the_default()
    {
        await AddAsync("4242424242424242");
        await AddAsync("5555555555554444");
        var other = (await ValidCardsAsync()).Single(card => !card.IsDefault);
        Assert.True((await Change.MakeDefaultAsync(Actor, other.Id, CancellationToken.None)).IsDone);
        Assert.Equal(other.Id, (await ValidCardsAsync()).Single(card => card.IsDefault).Id);
        Assert.Contains("SetDefaultCard", await AuditAsync());
    }

    [Fact]
    public async Task The_last_card_stays_while_something_is_billed()
    {
        await AddAsync("4242424242424242");
        var card = Assert.Single(await ValidCardsAsync());
        await using var db = CreateDbContext();
        await Tenant.RequestAsync(db);
        var outcome = await Change.RemoveAsync(Actor, card.Id, CancellationToken.None);
        Assert.StartsWith("It is the last card that can be charged", outcome.Reason, StringComparison.Ordinal);
        Assert.Single(await ValidCardsAsync());
    }

    [Fact]
    public async Task The_last_card_goes_when_nothing_is_billed_and_Stripe_forgets_it()
    {
        await AddAsync("4242424242424242");
        var card = Assert.Single(await ValidCardsAsync());
        Assert.True((await Change.RemoveAsync(Actor, card.Id, CancellationToken.None)).IsDone);
        await DetachAsync();
        Assert.Null((await Stripe.V1.PaymentMethods.GetAsync(card.Id)).CustomerId);
        await using var db = CreateDbContext();
        Assert.NotNull((await db.Cards.SingleAsync()).DetachedAt);
        Assert.Equal(
            "Add a card first; $0 now.",
            await CardCheck.WhyNoBillingAsync(db, Tenant.Account.Id, Clock.GetUtcNow(), CancellationToken.None)
        );
    }

    [Fact]
    public async Task A_default_that_is_removed_while_something_runs_leaves_its_place_to_the_other()
    {
        await AddAsync("4242424242424242");
        await AddAsync("5555555555554444");
        await using var db = CreateDbContext();
        await Tenant.RequestAsync(db);
        var first = (await ValidCardsAsync()).Single(card => card.IsDefault);
        Assert.True((await Change.RemoveAsync(Actor, first.Id, CancellationToken.None)).IsDone);
        Assert.True(Assert.Single(await ValidCardsAsync()).IsDefault);
    }

    [Fact]
    public async Task Two_cards_removed_at_once_while_something_runs_leave_one()
    {
        await AddAsync("4242424242424242");
        await AddAsync("5555555555554444");
        await using var db = CreateDbContext();
        await Tenant.RequestAsync(db);
        var cards = await ValidCardsAsync();
        var outcomes = await Task.WhenAll(cards.Select(card => Change.RemoveAsync(Actor, card.Id, CancellationToken.None)));
        Assert.Single(outcomes, outcome => outcome.IsDone);
        Assert.True(Assert.Single(await ValidCardsAsync()).IsDefault);
    }

    [Fact]
    public async Task Anothers_card_does_not_exist()
    {
        await AddAsync("4242424242424242");
        var card = Assert.Single(await ValidCardsAsync());
        await using var db = CreateDbContext();
        var stranger = ActorOf(await Tenant.AddAsync(db, "Eve"));
        Assert.Equal("There is no such card.", (await Change.RemoveAsync(stranger, card.Id, CancellationToken.None)).Reason);
        Assert.Equal("There is no such card.", (await Change.MakeDefaultAsync(stranger, card.Id, CancellationToken.None)).Reason);
        Assert.Single(await ValidCardsAsync());
    }

    [Fact]
    public async Task An_expired_card_cannot_become_the_default()
    {
        await AddAsync("4242424242424242");
        await AddAsync("5555555555554444");
        var other = (await ValidCardsAsync()).Single(card => !card.IsDefault);

        // A clock of its own: the scene's would have the sandbox look for webhooks to send all those years.
        var change = new ChangeCard(this, new FakeTimeProvider(Clock.GetUtcNow().AddYears(9)));
        Assert.Equal("It has expired.", (await change.MakeDefaultAsync(Actor, other.Id, CancellationToken.None)).Reason);
    }
}
