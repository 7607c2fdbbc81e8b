using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Tests.Buckets;

/// <summary>What every driver of <see cref="IObjectStore"/> must do. Derive a class for each driver.</summary>
public abstract class ObjectStoreContract
{
    protected abstract IObjectStore Store { get; }

    /// <summary>Puts something there, signed with this key; false if the store refuses.</summary>
    protected abstract Task<bool> PutAsync(StoreKey key, string bucket, string name, int bytes);

    /// <summary>Whether the key may read it.</summary>
    protected abstract Task<bool> CanReadAsync(StoreKey key, string bucket, string name);

    /// <summary>Writes the policy by which an owner denies this action to everybody, for what begins with the prefix.</summary>
    protected abstract Task DenyAsync(StoreKey key, string bucket, string action, string prefix);

    /// <summary>Waits until <paramref name="condition"/> holds, as long as the driver may take to count.</summary>
    protected abstract Task UntilAsync(Func<Task<bool>> condition);

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected static string ABucketName() => $"test-{Guid.NewGuid():N}";

    [Fact]
    public Task It_answers_to_its_administrator() => Store.CheckAsync(Ct);

    [Fact]
    public async Task It_takes_a_write_on_trial_again_and_again()
    {
        Assert.Null(await Store.WhyNotTakingAsync(Ct));
        Assert.Null(await Store.WhyNotTakingAsync(Ct));
    }

    [Fact]
    public async Task A_user_ensured_twice_is_one_and_keeps_his_key()
    {
        var (user, key) = await AUserAsync();
        await Store.EnsureUserAsync(user, Ct);
        await Store.EnsureKeyAsync(user.Id, key, Ct);
        Assert.Single(await Store.UsersAsync(Ct), user.Id);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 1));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_bucket_ensured_twice_is_one_and_another_one_after_its_deletion()
    {
        var (user, key) = await AUserAsync();
        var first = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.Equal(first, await Store.EnsureBucketAsync(user.Id, key, first.Name, Ct));
        Assert.Equal(first, Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == first.Name).Bucket);
        Assert.True(await Store.DeleteBucketAsync(key, first, Ct));
        Assert.True(await Store.DeleteBucketAsync(key, first, Ct));
        Assert.DoesNotContain(await Store.BucketsAsync(Ct), row => row.Name == first.Name);
        var second = await Store.EnsureBucketAsync(user.Id, key, first.Name, Ct);
        Assert.NotEqual(first, second);
        await RemoveAsync(user, key, second);
    }

    [Fact]
    public async Task A_name_is_one_users()
    {
        var (user, key) = await AUserAsync();
        var (other, otherKey) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await FailsAsync(EngineFault.Rejected, () => Store.EnsureBucketAsync(other.Id, otherKey, bucket.Name, Ct));
        Assert.Equal(user.Id, Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == bucket.Name).UserId);
        await RemoveAsync(user, key, bucket);
        await Store.RemoveUserAsync(other.Id, Ct);
    }

    [Fact]
    public async Task Another_users_key_reads_and_writes_nothing()
    {
        var (user, key) = await AUserAsync();
        var (other, otherKey) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await PutAsync(key, bucket.Name, "a", 1);
        Assert.False(await CanReadAsync(otherKey, bucket.Name, "a"));
        Assert.False(await PutAsync(otherKey, bucket.Name, "b", 1));
        await RemoveAsync(user, key, bucket);
        await Store.RemoveUserAsync(other.Id, Ct);
    }

    [Fact]
    public async Task A_removed_key_is_refused_at_once_and_the_others_go_on()
    {
        var (user, key) = await AUserAsync();
        var second = BucketSecrets.Make();
        await Store.EnsureKeyAsync(user.Id, second, Ct);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(second, bucket.Name, "a", 1));
        await Store.RemoveKeyAsync(user.Id, second.AccessKeyId, Ct);
        Assert.False(await CanReadAsync(second, bucket.Name, "a"));
        Assert.True(await CanReadAsync(key, bucket.Name, "a"));
        await Store.RemoveKeyAsync(user.Id, second.AccessKeyId, Ct);
        await Store.RemoveKeyAsync("s3u-nobody", second.AccessKeyId, Ct);
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_suspended_user_is_refused_until_he_is_not_any_more()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await PutAsync(key, bucket.Name, "a", 1);
        await Store.EnsureUserAsync(user with { IsSuspended = true }, Ct);
        Assert.False(await CanReadAsync(key, bucket.Name, "a"));
        await Store.EnsureUserAsync(user, Ct);
        Assert.True(await CanReadAsync(key, bucket.Name, "a"));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_grant_lets_a_stranger_do_what_it_says_and_nothing_elsewhere()
    {
        var (user, key) = await AUserAsync();
        var (reader, readersKey) = await AUserAsync(maxBuckets: 0);
        var (writer, writersKey) = await AUserAsync(maxBuckets: 0);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        var closed = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await PutAsync(key, bucket.Name, "a", 1);
        await PutAsync(key, closed.Name, "a", 1);
        await Store.EnsureGrantsAsync(key, bucket, [new(reader.Id, KeyRights.ReadOnly), new(writer.Id, KeyRights.ReadWrite)], Ct);
        await Store.EnsureGrantsAsync(key, bucket, [new(reader.Id, KeyRights.ReadOnly), new(writer.Id, KeyRights.ReadWrite)], Ct);

        Assert.True(await CanReadAsync(readersKey, bucket.Name, "a"));
        Assert.False(await PutAsync(readersKey, bucket.Name, "b", 1));
        Assert.True(await PutAsync(writersKey, bucket.Name, "b", 1));
        Assert.True(await CanReadAsync(key, bucket.Name, "b"));
        Assert.False(await CanReadAsync(readersKey, closed.Name, "a"));
        Assert.False(await PutAsync(writersKey, closed.Name, "b", 1));
        await FailsAsync(
            EngineFault.Unavailable,
            EngineFault.Rejected,
            () => Store.EnsureBucketAsync(writer.Id, writersKey, ABucketName(), Ct)
        );

        await Store.EnsureGrantsAsync(key, bucket, [], Ct);
        Assert.False(await CanReadAsync(readersKey, bucket.Name, "a"));
        await RemoveAsync(user, key, bucket, closed);
        await Store.RemoveUserAsync(reader.Id, Ct);
        await Store.RemoveUserAsync(writer.Id, Ct);
    }

    [Fact]
    public async Task A_full_bucket_is_not_deleted_until_it_was_emptied()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        for (var i = 0; i < 5; i++)
        {
            await PutAsync(key, bucket.Name, $"folder/{i} + ü.txt", 1);
        }

        Assert.False(await Store.DeleteBucketAsync(key, bucket, Ct));
        Assert.Equal(new EmptiedBatch(5, IsEmpty: true), await Store.EmptyAsync(key, bucket, Ct));
        Assert.Equal(new EmptiedBatch(0, IsEmpty: true), await Store.EmptyAsync(key, bucket, Ct));
        Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        await RemoveAsync(user, key);
    }

    [Theory]
    [InlineData("s3:DeleteBucket")]
    [InlineData("s3:DeleteObject")]
    [InlineData("s3:*")] // not even the policy can be changed any more
    public async Task What_its_own_policy_denies_is_rejected_until_that_is_overridden(string action)
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await PutAsync(key, bucket.Name, "kept/a", 1);
        await DenyAsync(key, bucket.Name, action, "");
        await FailsAsync(
            EngineFault.Rejected,
            async () =>
            {
                await Store.EmptyAsync(key, bucket, Ct);
                await Store.DeleteBucketAsync(key, bucket, Ct);
            }
        );

        await Store.OverrideDenialAsync(key, bucket, Ct);
        await Store.OverrideDenialAsync(key, bucket, Ct);
        if ((await Store.BucketsAsync(Ct)).Any(row => row.Name == bucket.Name))
        {
            await Store.EmptyAsync(key, bucket, Ct);
            Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        }

        await RemoveAsync(user, key);
    }

    [Fact]
    public async Task A_user_with_as_many_objects_as_he_may_have_gets_no_more_of_them_however_small()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await Store.EnsureUserAsync(user with { MaxObjects = 2 }, Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 1));
        Assert.True(await PutAsync(key, bucket.Name, "b", 1));
        Assert.False(await PutAsync(key, bucket.Name, "c", 1));
        await Store.EnsureUserAsync(user with { MaxObjects = 4 }, Ct);
        await UntilAsync(() => PutAsync(key, bucket.Name, "c", 1));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_bucket_at_its_quota_takes_nothing_more()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await Store.SetQuotaAsync(bucket, 64 * 1024, Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 32 * 1024));
        Assert.False(await PutAsync(key, bucket.Name, "b", 128 * 1024));
        await Store.SetQuotaAsync(bucket, null, Ct);
        await UntilAsync(() => PutAsync(key, bucket.Name, "b", 128 * 1024));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_user_at_his_quota_takes_nothing_more()
    {
        var (user, key) = await AUserAsync(maxBytes: 64 * 1024);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 32 * 1024));
        Assert.False(await PutAsync(key, bucket.Name, "b", 128 * 1024));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task What_a_bucket_holds_and_what_went_on_in_it_is_told()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await PutAsync(key, bucket.Name, "a", 5000);
        await PutAsync(key, bucket.Name, "b", 3000);
        Assert.True(await CanReadAsync(key, bucket.Name, "a"));
        Assert.Equal(
            (8000, 2),
            Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == bucket.Name) is var row ? (row.Bytes, row.Objects) : default
        );

        var hour = new DateTimeOffset(DateTime.UnixEpoch).AddHours(
            (long)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalHours - 1
        );
        BucketTraffic? seen = null;
        await UntilAsync(async () =>
            (seen = (await Store.TrafficAsync(hour, Ct)).Where(count => count.Bucket == bucket.Name).Aggregate((BucketTraffic?)null, Sum))
                is { Reads: >= 1, Writes: >= 3 }
        );
        Assert.Equal(user.Id, seen!.UserId);
        Assert.InRange(seen.BytesOut, 5000, 20000);
        Assert.Equal(TimeSpan.Zero, TimeSpan.FromTicks(seen.Hour.UtcTicks % TimeSpan.TicksPerHour));
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_user_with_a_bucket_is_not_removed()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await FailsAsync(EngineFault.Rejected, () => Store.RemoveUserAsync(user.Id, Ct));
        await RemoveAsync(user, key, bucket);
        await Store.RemoveUserAsync(user.Id, Ct);
        Assert.DoesNotContain(user.Id, await Store.UsersAsync(Ct));
    }

    [Fact]
    public async Task What_is_done_to_no_bucket_is_missing_it()
    {
        var (user, key) = await AUserAsync();
        var none = new BucketInStore(user.Id, ABucketName(), "none");
        await FailsAsync(EngineFault.Missing, () => Store.EmptyAsync(key, none, Ct));
        await FailsAsync(EngineFault.Missing, () => Store.SetQuotaAsync(none, 1024, Ct));
        await FailsAsync(EngineFault.Missing, () => Store.EnsureGrantsAsync(key, none, [new(user.Id, KeyRights.ReadOnly)], Ct));
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    [Theory]
    [InlineData(nameof(IObjectStore.SetQuotaAsync), false)]
    [InlineData(nameof(IObjectStore.SetQuotaAsync), true)]
    [InlineData(nameof(IObjectStore.EnsureGrantsAsync), false)]
    [InlineData(nameof(IObjectStore.EnsureGrantsAsync), true)]
    [InlineData(nameof(IObjectStore.EmptyAsync), false)]
    [InlineData(nameof(IObjectStore.EmptyAsync), true)]
    [InlineData(nameof(IObjectStore.DeleteBucketAsync), false)]
    [InlineData(nameof(IObjectStore.DeleteBucketAsync), true)]
    [InlineData(nameof(IObjectStore.OverrideDenialAsync), false)]
    [InlineData(nameof(IObjectStore.OverrideDenialAsync), true)]
    public async Task A_bucket_of_that_name_that_is_anothers_is_not_there_for_whoever_had_it_before(string verb, bool isHisOwn)
    {
        var (user, key) = await AUserAsync();
        var (other, otherKey) = isHisOwn ? (user, key) : await AUserAsync();
        var before = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await Store.DeleteBucketAsync(key, before, Ct));
        var now = await Store.EnsureBucketAsync(other.Id, otherKey, before.Name, Ct);
        Assert.True(await PutAsync(otherKey, now.Name, "a", 1));

        // Even where its owner lets the other one in, to delete as well: what Portal was asked to do was meant for the one that is gone.
        await Store.EnsureGrantsAsync(otherKey, now, [new(user.Id, KeyRights.ReadWrite)], Ct);
        switch (verb)
        {
            case nameof(IObjectStore.SetQuotaAsync):
                await FailsAsync(EngineFault.Missing, () => Store.SetQuotaAsync(before, 64 * 1024, Ct));
                break;
            case nameof(IObjectStore.EnsureGrantsAsync):
                await FailsAsync(EngineFault.Missing, () => Store.EnsureGrantsAsync(key, before, [], Ct));
                break;
            case nameof(IObjectStore.EmptyAsync):
                await FailsAsync(EngineFault.Missing, () => Store.EmptyAsync(key, before, Ct));
                break;
            case nameof(IObjectStore.DeleteBucketAsync):
                Assert.True(await Store.EmptyAsync(otherKey, now, Ct) is { IsEmpty: true });
                Assert.True(await Store.DeleteBucketAsync(key, before, Ct));
                Assert.True(await PutAsync(otherKey, now.Name, "a", 1));
                break;
            default:
                await Store.OverrideDenialAsync(key, before, Ct);
                break;
        }

        Assert.Equal(
            (now, 1L),
            Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == now.Name) is var row ? (row.Bucket, row.Objects) : default
        );
        Assert.True(await CanReadAsync(key, now.Name, "a"));
        Assert.True(await PutAsync(otherKey, now.Name, "b", 128 * 1024));
        await RemoveAsync(other, otherKey, now);
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    [Fact]
    public async Task Objects_are_listed_from_anywhere_found_copied_only_as_they_were_and_deleted_by_any_name()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        string[] names = ["a/\u0001", "a/1 + ü", "a/2", "a/3\uFFFE", "b"];
        foreach (var name in names)
        {
            Assert.True(await PutAsync(key, bucket.Name, name, 3));
        }

        var all = await Store.ListObjectsAsync(key, bucket, "", null, 1000, Ct);
        Assert.Equal(names, all.Objects.Select(one => one.Key));
        Assert.True(all.IsLast);
        var some = await Store.ListObjectsAsync(key, bucket, "a/", "a/\u0001", 2, Ct);
        Assert.Equal(["a/1 + ü", "a/2"], some.Objects.Select(one => one.Key));
        Assert.False(some.IsLast);
        some = await Store.ListObjectsAsync(key, bucket, "a/", "a/2", 2, Ct);
        Assert.Equal(["a/3\uFFFE"], some.Objects.Select(one => one.Key));
        Assert.True(some.IsLast);
        Assert.Equal(
            [all.Objects[0], all.Objects[2]],
            (await Store.FindObjectsAsync(key, bucket, ["a/\u0001", "a/2", "a/", "a/22"], Ct)).OrderBy(one => one.Key, KeyOrder.Instance)
        );

        var (first, second) = (all.Objects[2], all.Objects[4]);
        Assert.True(await PutAsync(key, bucket.Name, "b", 4));
        var problem = Assert.Single(
            await Store.CopyObjectsAsync(key, bucket, [new(first, "c/2"), new(second, "c/b"), new(first, "c/3")], false, Ct)
        );
        Assert.Equal(new ObjectProblem("b", S3Sentences.ChangedMeanwhile), problem);
        Assert.Equal(
            [("c/2", first.ETag, 3L), ("c/3", first.ETag, 3L)],
            (await Store.ListObjectsAsync(key, bucket, "c/", null, 10, Ct)).Objects.Select(one => (one.Key, one.ETag, one.Size))
        );

        Assert.Empty(await Store.DeleteObjectsAsync(key, bucket, [.. names, "never"], Ct));
        Assert.Equal(["c/2", "c/3"], (await Store.ListObjectsAsync(key, bucket, "", null, 10, Ct)).Objects.Select(one => one.Key));
        await Store.EmptyAsync(key, bucket, Ct);
        Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        await FailsAsync(EngineFault.Missing, () => Store.ListObjectsAsync(key, bucket, "", null, 10, Ct));
        await RemoveAsync(user, key);
    }

    protected async Task<(StoreUser User, StoreKey Key)> AUserAsync(int maxBuckets = 10, long maxBytes = 1L << 30)
    {
        var user = new StoreUser(ResourceIds.New(ObjectStoreUser.Prefix), "default", IsSuspended: false, maxBuckets, maxBytes, 1_000_000);
        var key = BucketSecrets.Make();
        await Store.EnsureUserAsync(user, Ct);
        await Store.EnsureKeyAsync(user.Id, key, Ct);
        return (user, key);
    }

    protected async Task RemoveAsync(StoreUser user, StoreKey key, params BucketInStore[] buckets)
    {
        foreach (var bucket in buckets)
        {
            await Store.EmptyAsync(key, bucket, Ct);
            Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        }

        await Store.RemoveUserAsync(user.Id, Ct);
    }

    private static BucketTraffic Sum(BucketTraffic? one, BucketTraffic other) =>
        one is null
            ? other
            : other with
            {
                BytesOut = one.BytesOut + other.BytesOut,
                Writes = one.Writes + other.Writes,
                Reads = one.Reads + other.Reads,
            };

    protected static async Task FailsAsync(EngineFault fault, Func<Task> call) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<EngineException>(call)).Fault);

    private static async Task FailsAsync(EngineFault fault, EngineFault other, Func<Task> call)
    {
        var seen = (await Assert.ThrowsAsync<EngineException>(call)).Fault;
        Assert.True(seen == fault || seen == other, $"It failed with {seen}.");
    }
}
