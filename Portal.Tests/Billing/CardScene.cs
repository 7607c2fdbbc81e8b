using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Accounts;
using Portal.Billing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Billing;
using Stripe;
using Card = Portal.Model.Billing.Card;

namespace Portal.Tests.Billing;

/// <summary>A customer, the sandbox, and both sides of Portal that have to do with cards, on one clock.</summary>
public abstract class CardScene(TestPostgres postgres) : TestDatabase(postgres)
{
    protected const string Origin = "http://127.0.0.1:1";

    private readonly CardRetries retries = new();
    private RecordedJobs jobs = null!;

    protected FakeTimeProvider Clock { get; } =
        new(
            DateTimeOffset.FromUnixTimeSeconds(
                DateTimeOffset.Parse("2026-11-23T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds()
            )
        );

    protected SandboxServer Sandbox { get; private set; } = null!;

    protected Tenant Tenant { get; private set; } = null!;

    protected Actor Actor { get; private set; } = null!;

    protected AddCard Add { get; private set; } = null!;

    protected ChangeCard Change => new(this, Clock);

    protected StripeClient Stripe => Sandbox.Stripe;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Sandbox = await SandboxServer.StartAsync(Clock);
        await using var db = CreateDbContext();
        Tenant = await Tenant.AddAsync(db);
        Actor = ActorOf(Tenant);
        db.Users.Add(
            new User
            {
                Id = Actor.UserId,
                AccountId = Actor.AccountId,
                UserName = Actor.Email,
                Email = Actor.Email,
                EmailConfirmed = true,
                CreatedAt = Tenant.Epoch,
            }
        );
        await db.SaveChangesAsync();
        jobs = new RecordedJobs();
        Add = new AddCard(
            this,
            Stripe,
            new CardJobs(jobs, NullLogger<CardJobs>.Instance),
            new AttemptLimits(new ConfigurationBuilder().Build(), new UpperInvariantLookupNormalizer(), new Throttles(Source, Clock)),
            Clock,
            NullLogger<AddCard>.Instance
        );
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Sandbox.DisposeAsync();
        await base.DisposeAsync();
    }

    protected static Actor ActorOf(Tenant tenant) => new(tenant.Account.Id, Guid.NewGuid(), "ada@example.com", IPAddress.Loopback);

    protected ICardSetupJob SetupJob(IDbContextFactory<PortalDb>? dbs = null) =>
        new CardSetupJob(
            dbs ?? this,
            Stripe,
            new CardAuthorization(Stripe),
            retries,
            new TrustLadder([], 0),
            Clock,
            NullLogger<CardSetupJob>.Instance
        );

    protected Task DetachAsync() => new CardDetachment(this, Stripe, Clock).RunAsync(CancellationToken.None);

    /// <summary>Opens the card page; the setup as saved.</summary>
    protected async Task<CardSetup> BeginAsync(string? replaces = null, Actor? actor = null)
    {
        var outcome = await Add.BeginAsync(actor ?? Actor, Origin, "/instances/new", replaces, CancellationToken.None);
        Assert.Null(outcome.Reason);
        var session = outcome.Value!.Segments[^1];
        await using var db = CreateDbContext();
        return await db.CardSetups.SingleAsync(setup => setup.CheckoutSessionId == session);
    }

    /// <summary>Opens the card page and enters a card that the page accepts.</summary>
    protected async Task<CardSetup> EnterAsync(string number, string? replaces = null, Actor? actor = null)
    {
        var setup = await BeginAsync(replaces, actor);
        var (goTo, page) = await Sandbox.EnterCardAsync(setup.CheckoutSessionId!, number);
        Assert.True(goTo is not null, page);
        if (goTo.ToString().EndsWith("/authenticate", StringComparison.Ordinal))
        {
            await Sandbox.AuthenticateAsync(setup.CheckoutSessionId!, passes: true);
        }

        return setup;
    }

    /// <summary>The whole way of a card.</summary>
    protected async Task<CardSetup> AddAsync(string number, string? replaces = null)
    {
        var setup = await EnterAsync(number, replaces);
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        return await ReloadAsync(setup);
    }

    protected async Task<CardSetup> ReloadAsync(CardSetup setup)
    {
        await using var db = CreateDbContext();
        return await db.CardSetups.SingleAsync(known => known.Id == setup.Id);
    }

    protected async Task<List<Card>> ValidCardsAsync(string? accountId = null)
    {
        await using var db = CreateDbContext();
        return await CardKeeping.ValidAsync(db, accountId ?? Tenant.Account.Id, CancellationToken.None);
    }

    protected async Task<List<PaymentIntent>> IntentsAsync() =>
        [.. (await Stripe.V1.PaymentIntents.ListAsync(new PaymentIntentListOptions { Limit = 100 })).Data];

    protected async Task<List<string>> AuditAsync()
    {
        await using var db = CreateDbContext();
        return await db
            .AuditEntries.Where(entry => entry.AccountId == Tenant.Account.Id)
            .OrderBy(entry => entry.Id)
            .Select(entry => entry.Action)
            .ToListAsync();
    }
}
