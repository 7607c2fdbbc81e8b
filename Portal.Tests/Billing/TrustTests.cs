using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Billing;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class TrustTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly IConfiguration Settings = new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create("Portal:Url", (string?)"https://portal.example.com/")])
        .Build();

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private PriceList Prices => new(this, clock);

    private TrustPatrol Patrol => new(AsWorker, new PriceList(AsWorker, clock), clock);

    private CustomerAccounts Operators => new(this, TrustLadder.From(Settings), Settings, clock);

    [Fact]
    public async Task What_is_not_paid_is_the_sum_of_all_months_bills_and_old_months_are_not_read_again()
    {
        var actor = await ANewAccountAsync();
        await UseAsync(actor, Skus.Disk, 1000, AnAccount.Now.AddMonths(-5), null);
        await SweepAsync();
        var expected = await BillsAsync(actor, AnAccount.Now.AddMonths(-5));
        Assert.Equal(expected, (await UseOfAsync(actor)).Amount);

        await using (var db = CreateDbContext())
        {
            // Nobody does this; it shows what is read.
            await db.UsageSpans.ExecuteUpdateAsync(
                set => set.SetProperty(span => span.From, new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero)),
                Ct
            );
        }

        clock.Advance(TimeSpan.FromMinutes(16));
        await SweepAsync();
        Assert.InRange((await UseOfAsync(actor)).Amount - expected, 0.02m, 0.04m);
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), (await UseOfAsync(actor)).SettledTo);
    }

    [Fact]
    public async Task At_the_limit_creates_and_starts_are_refused_with_the_number_and_the_way_on()
    {
        var actor = await ANewAccountAsync();
        var id = await RunningMachines.AddAsync(this, null, actor);
        Assert.True((await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Stop, id, Ct)).Outcome.IsDone);
        await StoppedAsync(id);
        await SpendAsync(actor, 50.5m);
        await SweepAsync();

        const string why =
            "You have used $50.50 that is not paid for yet, and your limit is $50.00: nothing more can be made or started. Billing says how to go on.";
        Assert.Equal(why, (await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Start, id, Ct)).Outcome.Reason);
        var image = await AnAccount.ImageAsync(this);
        Assert.Equal(why, (await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(image), Ct)).Reason);
        Assert.Null((await AccountAsync(actor)).SuspendedAt);

        Assert.True((await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 1, Ct)).IsDone);
        Assert.True((await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Start, id, Ct)).Outcome.IsDone);
    }

    /// <summary>The ledger grows by the month, creates hold a lock: they know it as it was reckoned last, and what goes on since.</summary>
    [Fact]
    public async Task A_create_does_not_read_the_ledger_and_knows_what_goes_on()
    {
        var actor = await ANewAccountAsync();
        await UseAsync(actor, Skus.Disk, 100_000, AnAccount.Now.AddHours(-4), null);
        await SweepAsync();
        await SpendAsync(actor, 1000);
        Assert.Null(await WhyAsync(actor));
        clock.Advance(TimeSpan.FromMinutes(40));
        Assert.StartsWith("You have used $51.33 that is not paid for yet", await WhyAsync(actor), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eighty_and_a_hundred_percent_are_told_once_for_a_limit()
    {
        var actor = await ANewAccountAsync();
        await SpendAsync(actor, 41);
        await SweepAsync();
        await SweepAgainAsync();
        Assert.Equal(["You have used 80 % of your limit"], await MailsAsync());
        await SpendAsync(actor, 10);
        await SweepAgainAsync();
        await SweepAgainAsync();
        Assert.Equal(["You have used 80 % of your limit", "Your limit is reached"], await MailsAsync());

        await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 1, Ct);
        await SweepAgainAsync();
        Assert.Equal(2, (await MailsAsync()).Count);
        await SpendAsync(actor, 110);
        await SweepAgainAsync();
        Assert.Equal(3, (await MailsAsync()).Count);
    }

    [Fact]
    public async Task A_fifth_above_the_limit_the_account_is_suspended_and_a_higher_step_lifts_that()
    {
        var actor = await ANewAccountAsync();
        await SpendAsync(actor, 59.99m);
        await SweepAsync();
        Assert.Null((await AccountAsync(actor)).SuspendedAt);
        await SpendAsync(actor, 0.01m);
        await SweepAgainAsync();
        await SweepAgainAsync();
        Assert.Equal(
            (SuspensionReason.Unpaid, clock.GetUtcNow().AddMinutes(-1)),
            ((await AccountAsync(actor)).SuspendedFor, (await AccountAsync(actor)).SuspendedAt)
        );
        Assert.Equal(["Your limit is reached", "Your Portal account is suspended"], await MailsAsync());
        Assert.Equal(CreateRule.SuspendedUnpaid, await WhyAsync(actor));
        Assert.StartsWith(
            "It has used $60.00 that is not paid, its limit is $50.00",
            (await Operators.ResumeAsync(await OperatorAsync(), actor.AccountId, Ct)).Reason,
            StringComparison.Ordinal
        );

        await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 1, Ct);
        await SweepAgainAsync();
        Assert.Null((await AccountAsync(actor)).SuspendedAt);
        Assert.Contains("Your Portal account is active again", await MailsAsync());
    }

    [Fact]
    public async Task What_an_operator_suspended_is_not_lifted_by_itself()
    {
        var actor = await ANewAccountAsync();
        await SpendAsync(actor, 70);
        await SweepAsync();
        Assert.True(
            (await Operators.SuspendAsync(await OperatorAsync(), actor.AccountId, SuspensionReason.Fraud, "three stolen cards", Ct)).IsDone
        );
        await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 3, Ct);
        await SweepAgainAsync();
        Assert.Equal(SuspensionReason.Fraud, (await AccountAsync(actor)).SuspendedFor);
    }

    [Fact]
    public async Task At_the_months_downloads_buckets_are_closed_until_the_month_is_over_or_the_limit_is_raised()
    {
        var actor = await ANewAccountAsync();
        await DownloadAsync(actor, 8.5m);
        await SweepAsync();
        Assert.Null((await AccountAsync(actor)).WhyNotStores);
        await DownloadAsync(actor, 2);
        await SweepAgainAsync();
        Assert.StartsWith(
            "More than 10 GiB were downloaded this month",
            (await AccountAsync(actor)).WhyNotStores,
            StringComparison.Ordinal
        );
        Assert.True((await AccountAsync(actor)).IsOutOfStores);
        Assert.Equal(["80 % of this month's downloads are used", "Your buckets are closed until the month is over"], await MailsAsync());
        Assert.Null(await WhyAsync(actor));

        clock.SetUtcNow(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero));
        await SweepAsync();
        Assert.False((await AccountAsync(actor)).IsOutOfStores);
    }

    [Fact]
    public async Task Suspending_ends_sessions_is_told_twice_and_done_once()
    {
        var (actor, keeper) = (await ANewAccountAsync(), await OperatorAsync());
        Assert.Equal(
            "Write down why, for the other operators.",
            (await Operators.SuspendAsync(keeper, actor.AccountId, SuspensionReason.Operator, " ", Ct)).Reason
        );
        var twice = await Task.WhenAll(
            Enumerable
                .Range(0, 2)
                .Select(_ => Task.Run(() => Operators.SuspendAsync(keeper, actor.AccountId, SuspensionReason.Operator, "mines coins", Ct)))
        );
        Assert.Equal(["It is suspended already.", null], twice.Select(outcome => outcome.Reason).OrderDescending(StringComparer.Ordinal));

        await using var after = CreateDbContext();
        Assert.Equal(clock.GetUtcNow(), (await AccountAsync(actor)).SessionsEndedAt);
        var told = (await after.AuditEntries.Where(entry => entry.Action == "SuspendAccount").ToListAsync(Ct))
            .OrderBy(entry => entry.Who, StringComparer.Ordinal)
            .ToList();
        Assert.Equal([(keeper.AccountId, keeper.Email), (actor.AccountId, "portal")], told.Select(entry => (entry.AccountId, entry.Who)));
        Assert.Contains("mines coins", told[0].Person?.After, StringComparison.Ordinal);
        Assert.DoesNotContain("mines coins", told[0].After, StringComparison.Ordinal);
        Assert.DoesNotContain("mines coins", told[1].After, StringComparison.Ordinal);
        Assert.True((await Operators.ResumeAsync(keeper, actor.AccountId, Ct)).IsDone);
        Assert.Null((await AccountAsync(actor)).SuspendedFor);
    }

    [Fact]
    public async Task An_operators_account_and_one_that_closes_are_not_suspended()
    {
        var (keeper, closing) = (await OperatorAsync(), await ANewAccountAsync());
        await using (var db = CreateDbContext())
        {
            (await db.Accounts.SingleAsync(account => account.Id == closing.AccountId, Ct)).RequestClose(null, AnAccount.Now);
            await db.SaveChangesAsync(Ct);
        }

        Assert.StartsWith(
            "An operator of Portal signs in",
            (await Operators.SuspendAsync(keeper, keeper.AccountId, SuspensionReason.Fraud, "x", Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "This account is closing already.",
            (await Operators.SuspendAsync(keeper, closing.AccountId, SuspensionReason.Fraud, "x", Ct)).Reason
        );
        Assert.Equal(
            "There is no such account.",
            (await Operators.SuspendAsync(keeper, "acc-none", SuspensionReason.Fraud, "x", Ct)).Reason
        );
    }

    [Fact]
    public async Task Accounts_are_found_by_a_part_of_an_address_or_by_id()
    {
        var (one, other) = (await ANewAccountAsync(), await ANewAccountAsync());
        Assert.Equal(one.AccountId, Assert.Single(await Operators.ListAsync(one.Email[4..], Ct)).Account.Id);
        Assert.Equal(other.AccountId, Assert.Single(await Operators.ListAsync(other.AccountId, Ct)).Account.Id);
        Assert.Empty(await Operators.ListAsync("100%", Ct));
        Assert.Equal(2, (await Operators.ListAsync(null, Ct)).Count);
    }

    private async Task<Actor> ANewAccountAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var ladder = TrustLadder.From(Settings);
        await using var db = CreateDbContext();
        (await db.Accounts.SingleAsync(account => account.Id == actor.AccountId, Ct)).StepTo(0, ladder.Steps[0]);
        await db.SaveChangesAsync(Ct);
        return actor;
    }

    private Task<Actor> OperatorAsync() => AnOperator.AddAsync(this, OperatorRole.Billing, clock.GetUtcNow());

    /// <summary>Use of an hour that comes to so much.</summary>
    private Task SpendAsync(Actor actor, decimal dollars) =>
        UseAsync(actor, Skus.Address, dollars / 0.0040m, clock.GetUtcNow().AddHours(-1), clock.GetUtcNow());

    private Task DownloadAsync(Actor actor, decimal gib) =>
        UseAsync(actor, Skus.BucketOut, gib, clock.GetUtcNow().AddHours(-1), clock.GetUtcNow());

    private async Task UseAsync(Actor actor, string sku, decimal quantity, DateTimeOffset from, DateTimeOffset? to)
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

    private Task SweepAsync() => new TrustSweep(AsWorker, Patrol, Settings, clock, NullLogger<TrustSweep>.Instance).SweepAsync(Ct);

    /// <summary>The same when all that was is due again.</summary>
    private async Task SweepAgainAsync()
    {
        clock.Advance(TimeSpan.FromMinutes(1));
        await using var db = CreateDbContext();
        await db.UnpaidUses.ExecuteUpdateAsync(set => set.SetProperty(use => use.DueAt, clock.GetUtcNow()), Ct);
        await SweepAsync();
    }

    private async Task<decimal> BillsAsync(Actor actor, DateTimeOffset since)
    {
        await using var db = CreateDbContext();
        var spans = await db.UsageSpans.Where(span => span.AccountId == actor.AccountId).ToListAsync(Ct);
        var (prices, sum) = (await Prices.GetAsync(Ct), 0m);
        for (var month = Forecast.StartOfMonth(since); month < clock.GetUtcNow(); month = month.AddMonths(1))
        {
            sum += Rating.Rate(spans, prices, month, month.AddMonths(1) < clock.GetUtcNow() ? month.AddMonths(1) : clock.GetUtcNow()).Total;
        }

        return sum;
    }

    private async Task StoppedAsync(string id)
    {
        await using var db = CreateDbContext();
        await db
            .Instances.Where(instance => instance.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(instance => instance.State, InstanceState.Stopped), Ct);
    }

    private async Task<string?> WhyAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), Ct);
    }

    private async Task<UnpaidUse> UseOfAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await db.UnpaidUses.SingleAsync(use => use.AccountId == actor.AccountId, Ct);
    }

    private async Task<Account> AccountAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await db.Accounts.SingleAsync(account => account.Id == actor.AccountId, Ct);
    }

    private async Task<List<string>> MailsAsync()
    {
        await using var db = CreateDbContext();
        return await db.Mails.OrderBy(mail => mail.CreatedAt).Select(mail => mail.Subject).ToListAsync(Ct);
    }
}
