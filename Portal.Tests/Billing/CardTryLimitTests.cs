using Microsoft.EntityFrameworkCore;
using Portal.Billing;
using Portal.Model.Billing;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

/// <summary>How many cards somebody can try.</summary>
[Trait("Needs", "database")]
public sealed class CardTryLimitTests(TestPostgres postgres) : CardScene(postgres)
{
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
}
