using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Billing;

namespace Portal.Tests.Billing;

/// <summary>Customers at the foot of the ladder, what they use, and the patrol that adds it up.</summary>
public abstract class TrustScene(TestPostgres postgres) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    protected static readonly IConfiguration Settings = new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create("Portal:Url", (string?)"https://portal.example.com/")])
        .Build();

    protected FakeTimeProvider Clock { get; } = new(AnAccount.Now);

    protected TrustPatrol Patrol => new(AsWorker, new PriceList(AsWorker, Clock), Clock);

    protected CustomerAccounts Operators => new(this, TrustLadder.From(Settings), Settings, Clock);

    protected async Task<Actor> ANewAccountAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var ladder = TrustLadder.From(Settings);
        await using var db = CreateDbContext();
        (await db.Accounts.SingleAsync(account => account.Id == actor.AccountId, Ct)).StepTo(0, ladder.Steps[0]);
        await db.SaveChangesAsync(Ct);
        return actor;
    }

    protected Task<Actor> OperatorAsync() => AnOperator.AddAsync(this, OperatorRole.Billing, Clock.GetUtcNow());

    /// <summary>Use of an hour that comes to so much.</summary>
    protected Task SpendAsync(Actor actor, decimal dollars) =>
        UseAsync(actor, Skus.Address, dollars / 0.0040m, Clock.GetUtcNow().AddHours(-1), Clock.GetUtcNow());

    protected async Task UseAsync(Actor actor, string sku, decimal quantity, DateTimeOffset from, DateTimeOffset? to)
    {
        await using var db = CreateDbContext();
        db.UsageSpans.Add(
            new UsageSpan
            {
                AccountId = actor.AccountId,
                ResourceId = ResourceIds.New("x"),
                ResourceName = "x",
                Sku = sku,
                Quantity = quantity,
                From = from,
                To = to,
            }
        );
        await db.SaveChangesAsync(Ct);
    }

    protected Task SweepAsync() => new TrustSweep(AsWorker, Patrol, Settings, Clock, NullLogger<TrustSweep>.Instance).SweepAsync(Ct);

    /// <summary>The same when all that was is due again.</summary>
    protected async Task SweepAgainAsync()
    {
        Clock.Advance(TimeSpan.FromMinutes(1));
        await using var db = CreateDbContext();
        await db.UnpaidUses.ExecuteUpdateAsync(set => set.SetProperty(use => use.DueAt, Clock.GetUtcNow()), Ct);
        await SweepAsync();
    }

    protected async Task<string?> WhyAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await CardCheck.WhyNoBillingAsync(db, actor.AccountId, Clock.GetUtcNow(), Ct);
    }

    protected async Task<Account> AccountAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await db.Accounts.SingleAsync(account => account.Id == actor.AccountId, Ct);
    }

    protected async Task<List<string>> MailsAsync()
    {
        await using var db = CreateDbContext();
        return await db.Mails.OrderBy(mail => mail.CreatedAt).Select(mail => mail.Subject).ToListAsync(Ct);
    }
}
