using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

[Trait("Needs", "database")]
public sealed class BucketJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] Verbs =
    [
        nameof(IObjectStore.EnsureUserAsync),
        nameof(IObjectStore.EnsureKeyAsync),
        nameof(IObjectStore.EnsureBucketAsync),
        nameof(IObjectStore.SetQuotaAsync),
        nameof(IObjectStore.EnsureGrantsAsync),
        nameof(IObjectStore.EmptyAsync),
        nameof(IObjectStore.DeleteBucketAsync),
        nameof(IObjectStore.RemoveKeyAsync),
        nameof(IObjectStore.RemoveUserAsync),
    ];

    private BucketCustomer ada = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await BucketCustomer.AddAsync(this, Source);
    }

    public override async ValueTask DisposeAsync()
    {
        await ada.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Each_call_to_the_store_may_fail_before_or_after_its_effect_in_a_whole_life()
    {
        foreach (var verb in Verbs)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                ada.Store.FailOnce(verb, point);
                var bucket = await ada.AddBucketAsync($"{verb}-{point}".ToLowerInvariant());
                var (all, reading) = (await ada.RequestKeyAsync(), await ada.RequestKeyAsync(KeyRights.ReadOnly, bucket));
                await ada.Get<ChangeBucket>().SetQuotaAsync(ada.Actor, bucket.Id, 5, Ct);
                await ada.SettleAsync();
                Assert.Equal(5L << 30, ada.Store.QuotaOf(bucket.Name));
                Assert.True(ada.Store.Put(new StoreKey(all.Key.AccessKeyId, all.Secret!), bucket.Name, "a", 10));
                Assert.True(ada.Store.Read(new StoreKey(reading.Key.AccessKeyId, reading.Secret!), bucket.Name, "a"));
                await ada.Get<AccessKeys>().RevokeAsync(ada.Actor, all.Key.Id, Ct);
                await ada.Get<AccessKeys>().RevokeAsync(ada.Actor, reading.Key.Id, Ct);
                await ada.SettleAsync();
                Assert.Empty(ada.Store.GrantsOf(bucket.Name));
                Assert.DoesNotContain(all.Key.AccessKeyId, ada.Store.Keys);
                Assert.DoesNotContain(reading.Key.AccessKeyId, ada.Store.Keys);
                Assert.True((await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst: true, Ct)).Outcome.IsDone);
                await ada.SettleAsync();
                Assert.Equal("deleted", (await ada.LoadAsync(bucket)).Status);
                Assert.Empty(ada.Store.Names);
            }
        }

        Assert.Equal([(await ada.UserAsync()).Id], ada.Store.Users.Keys);
    }

    [Fact]
    public async Task Eight_runs_at_once_make_one_bucket_of_one_user()
    {
        var bucket = await ada.RequestAsync();
        var user = await ada.UserAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(number => ada.AdvanceAsync(number % 2 == 0 ? bucket.Id : user.Id)));
        await ada.SettleAsync();
        Assert.Equal(["photos"], ada.Store.Names);
        Assert.Equal([user.Id], ada.Store.Users.Keys);
        Assert.Equal(
            (100, 100L << 30, 1_000_000, false),
            ada.Store.Users[user.Id] is var told ? (told.MaxBuckets, told.MaxBytes, told.MaxObjects, told.IsSuspended) : default
        );
    }

    [Fact]
    public async Task A_name_that_only_the_store_knows_to_be_taken_fails_with_a_sentence_and_the_failed_one_can_be_deleted()
    {
        var stranger = BucketSecrets.Make();
        await ada.Store.EnsureUserAsync(new StoreUser("somebody", "somebody", false, 10, 1 << 20, 1000), Ct);
        await ada.Store.EnsureKeyAsync("somebody", stranger, Ct);
        await ada.Store.EnsureBucketAsync("somebody", stranger, "photos", Ct);
        var bucket = await ada.AddBucketAsync();
        Assert.Equal(("failed", "The name belongs to somebody else's bucket."), (bucket.Status, bucket.LastError));
        Assert.Null((await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst: false, Ct)).Outcome.Reason);
        await ada.SettleAsync();
        Assert.Equal("deleted", (await ada.LoadAsync(bucket)).Status);
        Assert.Equal(["photos"], ada.Store.Names);
    }

    [Fact]
    public async Task A_bucket_that_turns_out_not_to_be_empty_stays_and_says_so()
    {
        var bucket = await ada.AddBucketAsync();
        ada.Store.Fill("photos", 3, 10);
        await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst: false, Ct);
        await ada.SettleAsync();
        var kept = await ada.LoadAsync(bucket);
        Assert.Equal(
            ("available", "It was not deleted: it is not empty. Older versions and unfinished uploads count too."),
            (kept.Status, kept.LastError)
        );
    }

    [Fact]
    public async Task A_full_bucket_is_emptied_batch_by_batch_and_its_progress_is_told()
    {
        ada.Store.Batch = 100;
        var bucket = await ada.AddBucketAsync();
        ada.Store.Fill("photos", 250, 10);
        await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst: true, Ct);
        var seen = new List<long>();
        while (await ada.LoadAsync(bucket) is { State: not BucketState.Deleted })
        {
            await ada.AdvanceAsync(bucket.Id);
            seen.Add((await ada.LoadAsync(bucket)).Removed);
        }

        Assert.Equal([100, 200, 250], seen);
        Assert.Empty(ada.Store.Names);
    }

    [Fact]
    public async Task A_closed_account_goes_with_all_it_had_whatever_fails_meanwhile_and_even_if_it_was_suspended()
    {
        ada.Store.Batch = 100;
        var bob = await ada.AddAnotherAsync();
        await bob.AddBucketAsync("bobs");
        foreach (var name in (string[])["one", "two"])
        {
            await ada.AddBucketAsync(name);
            ada.Store.Fill(name, 250, 10);
        }

        await ada.AddKeyAsync();
        await ada.AddKeyAsync(KeyRights.ReadOnly);
        await ada.SuspendAsync(true);
        await ada.SettleAsync();
        Assert.Equal(
            "This account is suspended. Contact support.",
            (await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, (await ada.BucketsAsync())[0].Id, emptyFirst: true, Ct)).Outcome.Reason
        );
        foreach (var verb in Verbs)
        {
            ada.Store.FailOnce(verb, FaultPoint.After);
        }

        await ada.CloseAsync();
        await ada.SettleAsync();
        Assert.Equal(ObjectStoreUserState.Removed, (await ada.UserAsync()).State);
        Assert.All(await ada.BucketsAsync(), bucket => Assert.Equal("deleted", bucket.Status));
        Assert.Equal(["bobs"], ada.Store.Names);
        Assert.Equal([(await bob.UserAsync()).Id], ada.Store.Users.Keys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bucket_whose_policy_denies_deleting_stays_and_says_so(bool emptyFirst)
    {
        var bucket = await ada.AddBucketAsync();
        ada.Store.Deny("photos");
        await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst, Ct);
        await ada.SettleAsync();
        var kept = await ada.LoadAsync(bucket);
        Assert.Equal(("available", "Its policy denies deleting."), (kept.Status, kept.LastError));
    }

    [Theory]
    [InlineData(FaultPoint.Before)]
    [InlineData(FaultPoint.After)]
    public async Task A_closed_account_goes_whatever_its_buckets_policies_deny_and_asks_each_once(FaultPoint point)
    {
        var bucket = await ada.AddBucketAsync();
        ada.Store.Fill("photos", 5, 10);
        ada.Store.Deny("photos");
        ada.Store.FailOnce(nameof(IObjectStore.OverrideDenialAsync), point);
        await ada.CloseAsync();
        await ada.SettleAsync();
        Assert.Equal(ObjectStoreUserState.Removed, (await ada.UserAsync()).State);
        Assert.Empty(ada.Store.Names);
        await using var db = CreateDbContext();
        Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.ResourceId == bucket.Id && entry.Action == "DeleteBucket", Ct));
    }

    [Fact]
    public async Task A_bucket_deleted_with_another_tool_is_noticed_when_something_is_asked_of_it()
    {
        var bucket = await ada.AddBucketAsync();
        var key = await ada.RequestKeyAsync(KeyRights.ReadOnly, bucket);
        await ada.SettleAsync();
        await ada.DeleteElsewhereAsync(bucket);
        await ada.Get<ChangeBucket>().SetQuotaAsync(ada.Actor, bucket.Id, 5, Ct);
        await ada.SettleAsync();
        Assert.Equal("deleted", (await ada.LoadAsync(bucket)).Status);
        Assert.Equal("revoked", (await ada.LoadAsync(key.Key)).Status);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("delete")]
    [InlineData("quota")]
    [InlineData("key")]
    public async Task What_is_asked_of_a_bucket_whose_name_is_anothers_meanwhile_does_nothing_to_that_one(string asked)
    {
        var before = await ada.AddBucketAsync();
        await ada.DeleteElsewhereAsync(before);
        var bob = await ada.AddAnotherAsync();
        await bob.AddBucketAsync("bobs-first");
        var now = await bob.MakeElsewhereAsync();
        ada.Store.Fill("photos", 5, 10);
        await (
            asked switch
            {
                "close" => ada.CloseAsync(),
                "delete" => ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, before.Id, emptyFirst: true, Ct),
                "quota" => ada.Get<ChangeBucket>().SetQuotaAsync(ada.Actor, before.Id, 5, Ct),
                _ => ada.RequestKeyAsync(KeyRights.ReadOnly),
            }
        );
        await ada.SettleAsync();
        Assert.Equal("deleted", (await ada.LoadAsync(before)).Status);
        Assert.Equal(
            (now, 5L),
            (await ada.Store.BucketsAsync(Ct)).Single(row => row.Name == "photos") is var row ? (row.Bucket, row.Objects) : default
        );
        Assert.Null(ada.Store.QuotaOf("photos"));
        Assert.Empty(ada.Store.GrantsOf("photos"));
        Assert.Equal(asked is "close" ? ObjectStoreUserState.Removed : ObjectStoreUserState.Active, (await ada.UserAsync()).State);
    }

    [Fact]
    public async Task A_store_that_is_away_makes_requests_wait_with_a_sentence_and_past_the_deadline_an_incident_opens()
    {
        ada.Store.Away = "It is away.";
        var bucket = await ada.RequestAsync();
        var user = await ada.UserAsync();
        await ada.AdvanceAsync(user.Id);
        await ada.AdvanceAsync(bucket.Id);
        ada.Clock.Advance(Bucket.CreateLimit + TimeSpan.FromSeconds(1));
        await ada.Get<BucketSweep>().SweepAsync(Ct);
        await ada.Get<ObjectStoreUserSweep>().SweepAsync(Ct);
        Assert.Null(Assert.Single(await ada.IncidentsAsync(bucket.Id)).ClosedAt);
        Assert.Equal("deadline", Assert.Single(await ada.IncidentsAsync(user.Id)).Kind);

        ada.Store.Away = null;
        await ada.SettleAsync();
        await ada.Get<BucketSweep>().SweepAsync(Ct);
        Assert.NotNull(Assert.Single(await ada.IncidentsAsync(bucket.Id)).ClosedAt);
        Assert.Equal(("available", null), await ada.LoadAsync(bucket) is var there ? (there.Status, there.Waiting) : default);
    }

    [Fact]
    public async Task The_patrol_says_that_the_store_is_away_and_that_it_is_back()
    {
        await ada.Get<StorePatrol>().SweepAsync(Ct);
        ada.Store.Away = "It is away.";
        await ada.Get<StorePatrol>().SweepAsync(Ct);
        Assert.Null(Assert.Single(await ada.IncidentsAsync("s3-local")).ClosedAt);
        var error = await Assert.ThrowsAsync<EngineException>(() => ada.Get<RegionStore>().OpenAsync(Ct));
        Assert.Equal((EngineFault.Unavailable, "It is away."), (error.Fault, error.Message));
        ada.Store.Away = null;
        await ada.Get<StorePatrol>().SweepAsync(Ct);
        Assert.NotNull(Assert.Single(await ada.IncidentsAsync("s3-local")).ClosedAt);
        Assert.NotNull(await ada.Get<RegionStore>().OpenAsync(Ct));
    }
}
