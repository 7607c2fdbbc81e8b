using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Engines.Rgw;

namespace Portal.Tests.Buckets;

/// <summary>The contract, kept by the real RADOS Gateway.</summary>
[Trait("Needs", "engine")]
public sealed class RgwObjectStoreTests(TestCeph real) : ObjectStoreContract, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected override IObjectStore Store => real.Store;

    public async ValueTask InitializeAsync() => await real.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override Task<bool> PutAsync(StoreKey key, string bucket, string name, int bytes) =>
        IsAllowedAsync(
            key,
            async s3 =>
            {
                using var content = new MemoryStream(new byte[bytes]);
                await s3.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket,
                        Key = name,
                        InputStream = content,
                    },
                    Ct
                );
            }
        );

    protected override Task<bool> CanReadAsync(StoreKey key, string bucket, string name) =>
        IsAllowedAsync(
            key,
            async s3 =>
            {
                using var read = await s3.GetObjectAsync(bucket, name, Ct);
                await read.ResponseStream.CopyToAsync(Stream.Null, Ct);
            }
        );

    protected override async Task UntilAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Patience, $"It did not happen within {Patience.TotalSeconds:0} s.");
            await timer.WaitForNextTickAsync(Ct);
        }
    }

    /// <summary>Else a stranger, who knows no more than a bucket's name, could use up its owner's downloads of the month.</summary>
    [Fact]
    public async Task What_strangers_are_answered_is_nobodys_download()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 5000));
        using var http = new HttpClient();
        for (var turn = 0; turn < 100; turn++)
        {
            using var refused = await http.GetAsync(new Uri($"{real.Endpoint}/{bucket.Name}/a"), Ct);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.True(await CanReadAsync(key, bucket.Name, "a"));
        var since = TimeProvider.System.GetUtcNow().AddHours(-2);
        List<BucketTraffic> seen = [];
        await UntilAsync(async () =>
            (seen = [.. (await Store.TrafficAsync(since, Ct)).Where(count => count.Bucket == bucket.Name)]).Sum(count => count.Reads) >= 1
        );
        Assert.InRange(seen.Sum(count => count.BytesOut), 5000, 10000);
        await RemoveAsync(user, key, bucket);
    }

    [Fact]
    public async Task A_policy_that_denies_deleting_in_one_folder_is_rejected_as_well()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "free/a", 1));
        Assert.True(await PutAsync(key, bucket.Name, "kept/a", 1));
        await DenyAsync(key, bucket.Name, "s3:DeleteObject", "kept/");
        await FailsAsync(EngineFault.Rejected, () => Store.EmptyAsync(key, bucket, Ct));
        Assert.True(await CanReadAsync(key, bucket.Name, "kept/a"));

        await Store.OverrideDenialAsync(key, bucket, Ct);
        await Store.EmptyAsync(key, bucket, Ct);
        Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    [Fact]
    public async Task A_bucket_whose_index_was_split_is_the_same_and_goes_like_any_other()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 1));
        await real.AdministerAsync("bucket", "reshard", "--bucket", bucket.Name, "--num-shards", "23", "--yes-i-really-mean-it");
        Assert.Equal(bucket, await Store.EnsureBucketAsync(user.Id, key, bucket.Name, Ct));
        Assert.Equal(bucket, Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == bucket.Name).Bucket);
        await DenyAsync(key, bucket.Name, "s3:*", "");
        await Store.OverrideDenialAsync(key, bucket, Ct);
        Assert.DoesNotContain(await Store.BucketsAsync(Ct), row => row.UserId == user.Id);
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    [Fact]
    public async Task A_bucket_that_a_tenant_of_the_same_gateway_has_under_that_name_is_none_of_Portals()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        var tenant = bucket.Name.Replace('-', '_');
        using var made = JsonDocument.Parse(
            await real.AdministerAsync("user", "create", "--tenant", tenant, "--uid", "somebody", "--display-name", "Somebody")
        );
        var theirs = made.RootElement.GetProperty("keys")[0];
        Assert.True(
            await IsAllowedAsync(
                new StoreKey(theirs.GetProperty("access_key").GetString()!, theirs.GetProperty("secret_key").GetString()!),
                s3 => s3.PutBucketAsync(bucket.Name, Ct)
            )
        );
        Assert.Equal(bucket, Assert.Single(await Store.BucketsAsync(Ct), row => row.Name == bucket.Name).Bucket);
        await real.AdministerAsync("user", "rm", "--tenant", tenant, "--uid", "somebody", "--purge-data");
        await RemoveAsync(user, key, bucket);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // its policy follows it under its other name
    public async Task A_removal_that_was_cut_off_leaves_a_bucket_of_its_owners_which_goes_like_any_other(bool isDeniedUnderAnyName)
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "a", 1));
        await (isDeniedUnderAnyName ? DenyAsync(key, bucket.Name, "s3:*", ["arn:aws:s3:::*"]) : DenyAsync(key, bucket.Name, "s3:*", ""));
        using var http = new HttpClient(new AtTheLastMoment("DELETE", () => throw new HttpRequestException("It was cut off.")));
        await FailsAsync(
            EngineFault.Unavailable,
            () => new RgwObjectStores(http, TimeProvider.System).Open(real.Access).OverrideDenialAsync(key, bucket, Ct)
        );
        await FailsAsync(EngineFault.Missing, () => Store.EmptyAsync(key, bucket, Ct));
        await FailsAsync(EngineFault.Rejected, () => Store.RemoveUserAsync(user.Id, Ct));
        var left = Assert.Single(await Store.BucketsAsync(Ct), row => row.UserId == user.Id).Bucket;
        Assert.Equal(bucket with { Name = left.Name }, left);
        await Store.OverrideDenialAsync(key, left, Ct);
        if (!isDeniedUnderAnyName)
        {
            await RemoveAsync(user, key, left);
        }

        Assert.DoesNotContain(await Store.BucketsAsync(Ct), row => row.UserId == user.Id);
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    [Theory]
    [InlineData(nameof(IObjectStore.EnsureBucketAsync), "GET", EngineFault.Rejected)]
    [InlineData(nameof(IObjectStore.SetQuotaAsync), "PUT", EngineFault.Missing)]
    [InlineData(nameof(IObjectStore.OverrideDenialAsync), "PUT", EngineFault.Unavailable)]
    public async Task A_name_that_becomes_anothers_at_the_last_moment_costs_that_one_nothing(string verb, string method, EngineFault fault)
    {
        var (user, key) = await AUserAsync();
        var (other, otherKey) = await AUserAsync();
        var before = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        if (verb is nameof(IObjectStore.OverrideDenialAsync))
        {
            await DenyAsync(key, before.Name, "s3:*", "");
        }

        BucketInStore? now = null;
        using var http = new HttpClient(
            new AtTheLastMoment(
                method,
                async () =>
                {
                    await Store.OverrideDenialAsync(key, before, Ct);
                    Assert.True(await Store.DeleteBucketAsync(key, before, Ct));
                    now = await Store.EnsureBucketAsync(other.Id, otherKey, before.Name, Ct);
                    Assert.True(await PutAsync(otherKey, now.Name, "a", 1));
                }
            )
        );
        var store = new RgwObjectStores(http, TimeProvider.System).Open(real.Access);
        await FailsAsync(
            fault,
            verb switch
            {
                nameof(IObjectStore.EnsureBucketAsync) => () => store.EnsureBucketAsync(user.Id, key, before.Name, Ct),
                nameof(IObjectStore.SetQuotaAsync) => () => store.SetQuotaAsync(before, 64 * 1024, Ct),
                _ => () => store.OverrideDenialAsync(key, before, Ct),
            }
        );
        Assert.NotNull(now);
        Assert.True(await CanReadAsync(otherKey, now.Name, "a"));
        await UntilAsync(() => PutAsync(otherKey, now.Name, "b", 128 * 1024));
        await RemoveAsync(other, otherKey, now);
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    protected override Task DenyAsync(StoreKey key, string bucket, string action, string prefix) =>
        DenyAsync(key, bucket, action, [$"arn:aws:s3:::{bucket}", $"arn:aws:s3:::{bucket}/{prefix}*"]);

    private Task<bool> DenyAsync(StoreKey key, string bucket, string action, string[] resources) =>
        IsAllowedAsync(
            key,
            s3 =>
                s3.PutBucketPolicyAsync(
                    new PutBucketPolicyRequest
                    {
                        BucketName = bucket,
                        Policy =
                            $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"{{action}}","Resource":{{JsonSerializer.Serialize(resources)}}}]}""",
                    },
                    Ct
                )
        );

    private async Task<bool> IsAllowedAsync(StoreKey key, Func<IAmazonS3, Task> ask)
    {
        using var s3 = S3Client.Of(real.Endpoint, real.Access.SigningRegion, key, ownConnections: true);
        try
        {
            await ask(s3);
            return true;
        }
        catch (AmazonS3Exception error) when (error.StatusCode is System.Net.HttpStatusCode.Forbidden)
        {
            return false;
        }
    }

    /// <summary>Lets something happen just before the first request of a kind leaves.</summary>
    private sealed class AtTheLastMoment(string method, Func<Task> happen) : DelegatingHandler(new HttpClientHandler())
    {
        private bool hasHappened;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
        {
            if (!hasHappened && request.Method.Method == method)
            {
                hasHappened = true;
                await happen();
            }

            return await base.SendAsync(request, ct);
        }
    }
}
