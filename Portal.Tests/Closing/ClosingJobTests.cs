using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;
using Portal.Worker.Closing;

namespace Portal.Tests.Closing;

[Trait("Needs", "database")]
public sealed class ClosingJobTests(TestPostgres postgres) : ClosingScene(postgres)
{
    private static readonly string[] EngineVerbs =
    [
        nameof(IComputeEngine.RemoveAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
        nameof(IVolumeEngine.RemoveSnapshotAsync),
        nameof(INetworkEngine.RemoveNetworkAsync),
    ];

    private static readonly string[] StoreVerbs =
    [
        nameof(IObjectStore.EmptyAsync),
        nameof(IObjectStore.DeleteBucketAsync),
        nameof(IObjectStore.RemoveKeyAsync),
        nameof(IObjectStore.RemoveUserAsync),
    ];

    [Fact]
    public async Task Everything_goes_by_its_own_job_the_ledger_stays_and_ends_and_another_account_is_not_touched()
    {
        var (ada, bob) = (await SomebodyAsync(), await SomebodyAsync());
        var bobs = await ReadAsync(db => AccountContents.OfAsync(db, bob.AccountId, Ct));
        Assert.Equal(
            (1, 3, 1, 1, 1, 1, 2, 2, 1, 1),
            (
                bobs.Instances,
                bobs.Volumes,
                bobs.Snapshots,
                bobs.Images,
                bobs.Backups,
                bobs.Buckets,
                bobs.AccessKeys,
                bobs.Networks,
                bobs.KeyPairs,
                bobs.Alerts
            )
        );
        Clock.Advance(TimeSpan.FromHours(5));
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        await CloseToTheEndAsync(ada.AccountId);

        Assert.Equal(0, (await ReadAsync(db => AccountContents.OfAsync(db, ada.AccountId, Ct))).Left);
        Assert.Equivalent(bobs, await ReadAsync(db => AccountContents.OfAsync(db, bob.AccountId, Ct)));
        Assert.Equal((1, 3, 2, 1), (Engine.Machines.Count, Engine.Volumes.Count, Engine.Snapshots.Count, Engine.Networks.Count));
        Assert.Equal((1, 2), (Store.Names.Count, Store.Users.Count));
        await using var db = CreateDbContext();
        var spans = await db.UsageSpans.AsNoTracking().Where(span => span.AccountId == ada.AccountId).ToListAsync(Ct);
        Assert.NotEmpty(spans);
        Assert.All(spans, span => Assert.NotNull(span.To));
        Assert.Contains(spans, span => span.Sku == Skus.BucketWrites);
        var bill = Rating
            .Rate(
                spans,
                await db.Prices.AsNoTracking().ToListAsync(Ct),
                Forecast.StartOfMonth(AnAccount.Now),
                Forecast.StartOfMonth(AnAccount.Now).AddMonths(1)
            )
            .Total;
        Assert.True(bill > 0);
        var mails = await db
            .Mails.AsNoTracking()
            .Where(mail => mail.AccountId == ada.AccountId)
            .OrderBy(mail => mail.CreatedAt)
            .ToListAsync(Ct);
        Assert.Equal(
            [(ada.Email, "Your Portal account is being closed"), (ada.Email, "Your Portal account is closed")],
            mails.Select(mail => (mail.To, mail.Subject))
        );
        Assert.Contains(FollowAt, mails[0].Text, StringComparison.Ordinal);
        Assert.Contains(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"for November 2026, comes to ${bill:N2}."),
            mails[1].Text,
            StringComparison.Ordinal
        );
        Assert.Equal(
            [(ada.Email, "CloseAccount"), ("portal", "ObserveAccount")],
            (await db.AuditEntries.Where(row => row.ResourceId == ada.AccountId).OrderBy(row => row.Id).ToListAsync(Ct)).Select(row =>
                (row.Who, row.Action)
            )
        );
        Assert.Contains(
            await db
                .AuditEntries.Where(row => row.AccountId == ada.AccountId && row.UserId == null)
                .Select(row => row.Action)
                .ToListAsync(Ct),
            action => action is "TerminateInstances"
        );
        Assert.Equal(CardState.Valid, (await db.Cards.SingleAsync(card => card.AccountId == ada.AccountId, Ct)).State);
    }

    [Fact]
    public async Task Each_call_to_the_engine_and_the_store_may_fail_before_or_after_its_effect()
    {
        foreach (var point in Enum.GetValues<FaultPoint>())
        {
            var ada = await SomebodyAsync();
            Array.ForEach(EngineVerbs, verb => Engine.FailOnce(verb, point));
            Array.ForEach(StoreVerbs, verb => Store.FailOnce(verb, point));
            Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
            await CloseToTheEndAsync(ada.AccountId);
            Assert.Empty(Engine.Machines);
            Assert.Empty(Engine.Volumes);
            Assert.Empty(Engine.Snapshots);
            Assert.Empty(Store.Users);
            Assert.Single(
                await ReadAsync(db =>
                    db.Mails.Where(mail => mail.AccountId == ada.AccountId && mail.Subject == "Your Portal account is closed")
                        .ToListAsync(Ct)
                )
            );
        }
    }

    [Fact]
    public async Task A_suspended_account_can_be_closed()
    {
        var ada = await SomebodyAsync();
        await ReadAsync(db =>
            db.Accounts.Where(account => account.Id == ada.AccountId)
                .ExecuteUpdateAsync(row => row.SetProperty(account => account.SuspendedAt, AnAccount.Now), Ct)
        );
        await SettleAsync();
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        await CloseToTheEndAsync(ada.AccountId);
        Assert.Empty(Store.Users);
        Assert.Empty(Engine.Machines);
    }

    [Fact]
    public async Task The_ledger_is_complete_before_it_is_closed()
    {
        var ada = await SomebodyAsync();
        Clock.Advance(TimeSpan.FromMinutes(5));
        Store.CountReads(Assert.Single(Store.Names), 3L << 30, 5000);
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        for (var round = 0; round < 10; round++)
        {
            await AdvanceAsync(ada.AccountId);
            await SettleAsync();
        }

        Assert.Equal(("closing", 0L), (await AccountAsync(ada.AccountId)) is var account ? (account.Status, account.ClosingLeft) : default);
        await Get<BucketMetering>().SweepAsync(Ct);
        await AdvanceAsync(ada.AccountId);
        Assert.Equal("closing", (await AccountAsync(ada.AccountId)).Status);
        Clock.Advance(ClosingJob.CountingTakes);
        await Get<BucketMetering>().SweepAsync(Ct);
        await AdvanceAsync(ada.AccountId);
        Assert.Equal("closed", (await AccountAsync(ada.AccountId)).Status);
        Assert.Equal(
            5,
            await ReadAsync(db =>
                db.UsageSpans.Where(span => span.AccountId == ada.AccountId && span.Sku == Skus.BucketReads)
                    .SumAsync(span => span.Quantity, Ct)
            )
        );
    }

    [Fact]
    public async Task Whoever_used_nothing_owes_nothing_and_the_card_goes()
    {
        var ada = await AnAccount.ReadyAsync(this);
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        await CloseToTheEndAsync(ada.AccountId);
        Assert.Equal(
            CardState.Removed,
            await ReadAsync(db => db.Cards.Where(card => card.AccountId == ada.AccountId).Select(card => card.State).SingleAsync(Ct))
        );
    }
}
