using Portal.Model.Buckets;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

[Trait("Needs", "database")]
public sealed class AccessKeyJobTests(TestPostgres postgres) : TestDatabase(postgres)
{
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
    public async Task The_secret_is_forgotten_as_soon_as_the_store_has_the_key()
    {
        await ada.AddBucketAsync();
        var made = await ada.RequestKeyAsync();
        Assert.NotNull((await ada.LoadAsync(made.Key)).SealedSecret);
        await ada.SettleAsync();
        Assert.Equal(("active", null), await ada.LoadAsync(made.Key) is var key ? (key.Status, key.SealedSecret) : default);
        Assert.True(ada.Store.Put(new StoreKey(made.Key.AccessKeyId, made.Secret!), "photos", "a", 1));
    }

    [Fact]
    public async Task A_key_to_read_reads_every_bucket_those_to_come_included_and_writes_none()
    {
        await ada.AddBucketAsync("one");
        var key = await ada.AddKeyAsync(KeyRights.ReadOnly);
        await ada.AddBucketAsync("two");
        foreach (var bucket in (string[])["one", "two"])
        {
            ada.Store.Fill(bucket, 1, 10);
            Assert.True(ada.Store.Read(key, bucket, "00000000"));
            Assert.False(ada.Store.Put(key, bucket, "b", 1));
        }
    }

    [Fact]
    public async Task A_key_for_one_bucket_writes_there_and_sees_nothing_elsewhere()
    {
        var (one, _) = (await ada.AddBucketAsync("one"), await ada.AddBucketAsync("two"));
        var key = await ada.AddKeyAsync(KeyRights.ReadWrite, one);
        ada.Store.Fill("two", 1, 10);
        Assert.True(ada.Store.Put(key, "one", "a", 1));
        Assert.False(ada.Store.Put(key, "two", "a", 1));
        Assert.False(ada.Store.Read(key, "two", "00000000"));
    }

    [Fact]
    public async Task Another_customers_keys_open_nothing()
    {
        await ada.AddBucketAsync("one");
        ada.Store.Fill("one", 1, 10);
        var bob = await ada.AddAnotherAsync();
        await bob.AddBucketAsync("two");
        foreach (var key in (StoreKey[])[await bob.AddKeyAsync(), await bob.AddKeyAsync(KeyRights.ReadOnly)])
        {
            Assert.False(ada.Store.Read(key, "one", "00000000"));
            Assert.False(ada.Store.Put(key, "one", "b", 1));
        }
    }

    [Fact]
    public async Task A_limited_key_works_only_once_the_policies_of_its_buckets_let_it_in()
    {
        var bucket = await ada.AddBucketAsync();
        var made = await ada.RequestKeyAsync(KeyRights.ReadOnly);
        await ada.AdvanceAsync(made.Key.Id);
        await ada.AdvanceAsync(made.Key.Id);
        Assert.Equal(("creating", null), await ada.LoadAsync(made.Key) is var handed ? (handed.Status, handed.SealedSecret) : default);
        Assert.True((await ada.LoadAsync(bucket)) is { GrantsDue: true, Deadline: not null });
        await ada.AdvanceAsync(bucket.Id);
        await ada.AdvanceAsync(made.Key.Id);
        Assert.Equal("active", (await ada.LoadAsync(made.Key)).Status);
        Assert.Equal([new BucketGrant(made.Key.Id, KeyRights.ReadOnly)], ada.Store.GrantsOf("photos"));
    }

    [Fact]
    public async Task A_replaced_key_works_for_a_day_more_and_then_ends()
    {
        await ada.AddBucketAsync();
        var old = await ada.RequestKeyAsync();
        await ada.SettleAsync();
        var fresh = (await ada.Get<AccessKeys>().RotateAsync(ada.Actor, old.Key.Id, "again", Ct)).Value!;
        await ada.SettleAsync();
        var keys = (Old: new StoreKey(old.Key.AccessKeyId, old.Secret!), New: new StoreKey(fresh.Key.AccessKeyId, fresh.Secret!));
        Assert.True(ada.Store.Put(keys.Old, "photos", "a", 1) && ada.Store.Put(keys.New, "photos", "b", 1));
        ada.Clock.Advance(AccessKeys.Overlap);
        await ada.SettleAsync();
        Assert.False(ada.Store.Read(keys.Old, "photos", "a"));
        Assert.True(ada.Store.Read(keys.New, "photos", "a"));
        Assert.Equal("revoked", (await ada.LoadAsync(old.Key)).Status);
    }

    [Fact]
    public async Task A_key_revoked_before_the_store_had_it_never_gets_there()
    {
        var made = await ada.RequestKeyAsync();
        await ada.Get<AccessKeys>().RevokeAsync(ada.Actor, made.Key.Id, Ct);
        await ada.SettleAsync();
        Assert.DoesNotContain(made.Key.AccessKeyId, ada.Store.Keys);
        Assert.Equal(("revoked", null), await ada.LoadAsync(made.Key) is var key ? (key.Status, key.SealedSecret) : default);
    }

    [Fact]
    public async Task A_suspended_account_has_no_way_in_until_it_is_not_any_more()
    {
        await ada.AddBucketAsync();
        var keys = (All: await ada.AddKeyAsync(), Reading: await ada.AddKeyAsync(KeyRights.ReadOnly));
        ada.Store.Fill("photos", 1, 10);
        await ada.SuspendAsync(true);
        await ada.Get<ObjectStoreUserSweep>().SweepAsync(Ct);
        await ada.Get<AccessKeySweep>().SweepAsync(Ct);
        await ada.SettleAsync();
        Assert.All(ada.Store.Users.Values, user => Assert.True(user.IsSuspended));
        Assert.False(ada.Store.Read(keys.All, "photos", "00000000") || ada.Store.Read(keys.Reading, "photos", "00000000"));
        await ada.SuspendAsync(false);
        await ada.SettleAsync();
        Assert.True(ada.Store.Read(keys.All, "photos", "00000000") && ada.Store.Read(keys.Reading, "photos", "00000000"));
    }
}
