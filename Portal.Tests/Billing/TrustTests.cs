using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class TrustTests(TestPostgres postgres) : TrustScene(postgres)
{
    private PriceList Prices => new(this, Clock);

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

        Clock.Advance(TimeSpan.FromMinutes(16));
        await SweepAsync();
        Assert.InRange((await UseOfAsync(actor)).Amount - expected, 0.02m, 0.04m);
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), (await UseOfAsync(actor)).SettledTo);
    }

    [Fact]
    public async Task At_the_limit_creates_and_starts_are_refused_with_the_number_and_the_way_on()
    {
        var actor = await ANewAccountAsync();
        var id = await RunningMachines.AddAsync(this, null, actor);
        Assert.True((await new ChangeInstance(this, Clock).RunAsync(actor, InstanceAction.Stop, id, Ct)).Outcome.IsDone);
        await StoppedAsync(id);
        await SpendAsync(actor, 50.5m);
        await SweepAsync();

        const string why =
            "You have used $50.50 that is not paid for yet, and your limit is $50.00: nothing more can be made or started. Billing says how to go on.";
        Assert.Equal(why, (await new ChangeInstance(this, Clock).RunAsync(actor, InstanceAction.Start, id, Ct)).Outcome.Reason);
        var image = await AnAccount.ImageAsync(this);
        Assert.Equal(why, (await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(image), Ct)).Reason);
        Assert.Null((await AccountAsync(actor)).SuspendedAt);

        Assert.True((await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 1, Ct)).IsDone);
        Assert.True((await new ChangeInstance(this, Clock).RunAsync(actor, InstanceAction.Start, id, Ct)).Outcome.IsDone);
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
        Clock.Advance(TimeSpan.FromMinutes(40));
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

        Clock.SetUtcNow(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero));
        await SweepAsync();
        Assert.False((await AccountAsync(actor)).IsOutOfStores);
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

    private Task DownloadAsync(Actor actor, decimal gib) =>
        UseAsync(actor, Skus.BucketOut, gib, Clock.GetUtcNow().AddHours(-1), Clock.GetUtcNow());

    private async Task<decimal> BillsAsync(Actor actor, DateTimeOffset since)
    {
        await using var db = CreateDbContext();
        var spans = await db.UsageSpans.Where(span => span.AccountId == actor.AccountId).ToListAsync(Ct);
        var (prices, sum) = (await Prices.GetAsync(Ct), 0m);
        for (var month = Forecast.StartOfMonth(since); month < Clock.GetUtcNow(); month = month.AddMonths(1))
        {
            sum += Rating.Rate(spans, prices, month, month.AddMonths(1) < Clock.GetUtcNow() ? month.AddMonths(1) : Clock.GetUtcNow()).Total;
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

    private async Task<UnpaidUse> UseOfAsync(Actor actor)
    {
        await using var db = CreateDbContext();
        return await db.UnpaidUses.SingleAsync(use => use.AccountId == actor.AccountId, Ct);
    }
}
