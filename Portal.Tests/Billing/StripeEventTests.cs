using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Billing;
using Stripe;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class StripeEventTests(TestPostgres postgres) : CardScene(postgres)
{
    private readonly TestPostgres postgres = postgres;

    [Fact]
    public async Task A_completed_page_is_applied_though_nobody_came_back_from_it()
    {
        var setup = await EnterAsync("4242424242424242");
        await ReceiveAsync(this, await EventsAsync());
        await SweepAsync(this);
        Assert.Equal(CardSetupState.Succeeded, (await ReloadAsync(setup)).State);
    }

    [Fact]
    public async Task A_page_whose_address_was_lost_is_found_by_its_reference()
    {
        var setup = await EnterAsync("4242424242424242");
        await using (var db = CreateDbContext())
        {
            await db.CardSetups.ExecuteUpdateAsync(lost => lost.SetProperty(one => one.CheckoutSessionId, (string?)null));
        }

        await ReceiveAsync(this, await EventsAsync());
        await SweepAsync(this);
        Assert.Equal(
            (CardSetupState.Succeeded, setup.CheckoutSessionId),
            (await ReloadAsync(setup)) is var found ? (found.State, found.CheckoutSessionId) : default
        );
    }

    [Fact]
    public async Task A_card_that_is_detached_at_Stripe_leaves_here_too()
    {
        await AddAsync("4242424242424242");
        await Stripe.V1.PaymentMethods.DetachAsync((await ValidCardsAsync())[0].Id);
        await ReceiveAsync(this, await EventsAsync());
        await SweepAsync(this);
        Assert.Empty(await ValidCardsAsync());
    }

    [Fact]
    public async Task A_type_that_Portal_does_not_know_is_kept_and_ignored()
    {
        await ReceiveAsync(this, [new Received("evt_1", "wishlist.created", """{"id":"evt_1","type":"wishlist.created"}""")]);
        await SweepAsync(this);
        await using var db = CreateDbContext();
        var stored = await db.StripeEvents.SingleAsync();
        Assert.True(stored.IsIgnored);
        Assert.NotNull(stored.AppliedAt);
    }

    [Fact]
    public async Task An_event_that_cannot_be_applied_is_tried_again_later()
    {
        await ReceiveAsync(this, [new Received("evt_1", "payment_method.detached", """{"id":"evt_1","type":"payment_method.detached"}""")]);
        await SweepAsync(this);
        await using var db = CreateDbContext();
        var stored = await db.StripeEvents.SingleAsync();
        Assert.Equal((null, 1), (stored.AppliedAt, stored.Attempts));
        Assert.NotNull(stored.Problem);
        Assert.True(stored.ApplyAt > Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_thousand_events_shuffled_and_tripled_leave_the_same_rows_as_in_order()
    {
        await MakeAThousandEventsAsync();
        var events = await EventsAsync();
        Assert.True(events.Count >= 1000, $"There are {events.Count}.");

        // A copy of the database as it was before any event, for the other order.
        await using var other = await CopyAsync();
        await ReceiveAsync(this, events);
        await SweepAsync(this);
        var shuffled = events.Concat(events).Concat(events).ToArray();
        Random.Shared.Shuffle(shuffled);
        foreach (var part in shuffled.Chunk(500))
        {
            await ReceiveAsync(other, part);
            await SweepAsync(other);
        }

        var inOrder = await RowsAsync(this);
        Assert.Equal(inOrder, await RowsAsync(other));
        Assert.Contains(inOrder, row => row.Contains("Succeeded", StringComparison.Ordinal));
        Assert.Contains(inOrder, row => row.Contains("Refused", StringComparison.Ordinal));
        Assert.Contains(inOrder, row => row.Contains("Abandoned", StringComparison.Ordinal));
        Assert.Contains(inOrder, row => row.Contains("Removed", StringComparison.Ordinal));
    }

    private async Task MakeAThousandEventsAsync()
    {
        string[] numbers = ["4242424242424242", "4000000000000341", "5555555555554444", "4000002760003184", "4000056655665556"];
        await using var db = CreateDbContext();
        for (var i = 0; i < 160; i++)
        {
            // Each from a network of their own: cards that are tried are counted per network.
            var actor = ActorOf(await Tenant.AddAsync(db, $"Customer {i}")) with
            {
                From = IPAddress.Parse($"198.51.100.{i}"),
            };
            if (i % 7 == 6)
            {
                await Add.CancelAsync(actor, (await BeginAsync(actor: actor)).Id, CancellationToken.None);
                continue;
            }

            var setup = await EnterAsync(numbers[i % numbers.Length], actor: actor);
            if (i % 5 == 0)
            {
                // Entered twice, and a card that left at Stripe after it had been kept.
                await EnterAsync(numbers[i % numbers.Length], actor: actor);
            }

            var session = await Stripe.V1.Checkout.Sessions.GetAsync(setup.CheckoutSessionId, new() { Expand = ["setup_intent"] });
            await Stripe.V1.Customers.UpdateAsync(session.CustomerId, new CustomerUpdateOptions { Name = $"Customer {i}" });
        }
    }

    private async Task<List<Received>> EventsAsync()
    {
        var events = await Stripe.V1.Events.ListAutoPagingAsync(new EventListOptions { Limit = 100 }).ToListAsync();
        events.Reverse();
        return [.. events.Select(told => new Received(told.Id, told.Type, told.ToJson()))];
    }

    /// <summary>As the webhook stores them.</summary>
    private async Task ReceiveAsync(IDbContextFactory<PortalDb> to, IEnumerable<Received> events)
    {
        await using var db = await to.CreateDbContextAsync();
        foreach (var received in events)
        {
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO "StripeEvents" ("Id", "Type", "ReceivedAt", "Payload", "IsIgnored", "ApplyAt", "Attempts")
                VALUES ({received.Id}, {received.Type}, {Clock.GetUtcNow()}, {received.Payload}, false, {Clock.GetUtcNow()}, 0) ON CONFLICT DO NOTHING
                """
            );
        }
    }

    private async Task SweepAsync(IDbContextFactory<PortalDb> at)
    {
        await using var services = new ServiceCollection()
            .AddSingleton(at)
            .AddSingleton(Stripe)
            .AddSingleton<TimeProvider>(Clock)
            .AddLogging()
            .AddTransient<CardAuthorization>()
            .AddSingleton<CardRetries>()
            .AddSingleton(new TrustLadder([], 0, AccountsPerCard: 1000))
            .AddTransient<ICardSetupJob, CardSetupJob>()
            .AddTransient<IStripeEventJob, StripeEventJob>()
            .BuildServiceProvider();
        using var changes = new Changes(Source, NullLogger<Changes>.Instance);
        using var sweep = new StripeEventSweep(
            at,
            services.GetRequiredService<IServiceScopeFactory>(),
            changes,
            Clock,
            NullLogger<StripeEventSweep>.Instance
        );
        await sweep.SweepAsync(CancellationToken.None);
    }

    private async Task<CopiedDatabase> CopyAsync()
    {
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
        var copy = await postgres.CreateDatabaseAsync();
        var made = new CopiedDatabase(copy);
        await using var from = CreateDbContext();
        await using var to = made.CreateDbContext();
        to.AddRange(await from.Accounts.AsNoTracking().ToListAsync());
        await to.SaveChangesAsync();
        to.AddRange(await from.CardSetups.AsNoTracking().ToListAsync());
        await to.SaveChangesAsync();
        return made;
    }

    private static async Task<List<string>> RowsAsync(IDbContextFactory<PortalDb> at)
    {
        await using var db = await at.CreateDbContextAsync();
        var cards = await db
            .Cards.OrderBy(card => card.Id)
            .Select(card => $"{card.Id} {card.AccountId} {card.State} {card.IsDefault} {card.Problem}")
            .ToListAsync();
        var setups = await db
            .CardSetups.OrderBy(setup => setup.Id)
            .Select(setup => $"{setup.Id} {setup.State} {setup.PaymentIntentId} {setup.Problem}")
            .ToListAsync();
        var events = await db
            .StripeEvents.OrderBy(stored => stored.Id)
            .Select(stored => $"{stored.Id} {stored.IsIgnored} {stored.AppliedAt != null}")
            .ToListAsync();
        return [.. cards, .. setups, .. events];
    }

    private sealed record Received(string Id, string Type, string Payload);

    private sealed class CopiedDatabase(string connectionString) : IDbContextFactory<PortalDb>, IAsyncDisposable
    {
        private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

        public PortalDb CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            PortalDbSetup.Configure(options, source);
            return new PortalDb(options.Options);
        }

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
