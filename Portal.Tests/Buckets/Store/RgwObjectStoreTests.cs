using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Shared;
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

    /// <summary>It could let in everybody for good, and Portal's page would go on saying that the bucket is private.</summary>
    [Fact]
    public async Task A_limited_key_makes_nothing_public_in_its_bucket_whatever_it_writes()
    {
        var (user, key) = await AUserAsync();
        var (writer, writersKey) = await AUserAsync(maxBuckets: 0);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        Assert.True(await PutAsync(key, bucket.Name, "owners", 1));
        await Store.EnsureGrantsAsync(key, bucket, [new(writer.Id, KeyRights.ReadWrite)], Ct);
        await WriteInAllWaysAsync(writersKey, bucket.Name);
        using var http = new HttpClient();
        foreach (var name in (string[])["owners", "plain", "later", "copied", "in-parts"])
        {
            using var answer = await http.GetAsync(new Uri($"{real.Endpoint}/{bucket.Name}/{name}"), Ct);
            Assert.True(answer.StatusCode is HttpStatusCode.Forbidden, $"A stranger was answered {answer.StatusCode} for {name}.");
            Assert.True(await CanReadAsync(key, bucket.Name, name));
            Assert.True(await CanReadAsync(writersKey, bucket.Name, name));
        }

        // What it wrote outlives the key; its owner may make the whole bucket public as before.
        await Store.EnsureGrantsAsync(key, bucket, [], Ct);
        using var after = await http.GetAsync(new Uri($"{real.Endpoint}/{bucket.Name}/copied"), Ct);
        Assert.Equal(HttpStatusCode.Forbidden, after.StatusCode);
        await AllowEverybodyAsync(key, bucket.Name);
        using var open = await http.GetAsync(new Uri($"{real.Endpoint}/{bucket.Name}/owners"), Ct);
        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        await RemoveAsync(user, key, bucket);
        await Store.RemoveUserAsync(writer.Id, Ct);
    }

    /// <summary>Whatever his policies let others do: there is nobody who would pay for it.</summary>
    [Fact]
    public async Task Nobody_puts_anything_into_a_bucket_of_somebody_who_is_suspended()
    {
        var (user, key) = await AUserAsync();
        var (writer, writersKey) = await AUserAsync(maxBuckets: 0);
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        await Store.EnsureGrantsAsync(key, bucket, [new(writer.Id, KeyRights.ReadWrite)], Ct);
        Assert.True(await PutAsync(writersKey, bucket.Name, "before", 1));
        await Store.EnsureUserAsync(user with { IsSuspended = true }, Ct);
        Assert.False(await PutAsync(writersKey, bucket.Name, "meanwhile", 0));
        await Store.EnsureUserAsync(user, Ct);
        await UntilAsync(() => PutAsync(writersKey, bucket.Name, "after", 1));
        await RemoveAsync(user, key, bucket);
        await Store.RemoveUserAsync(writer.Id, Ct);
    }

    /// <summary>Whoever may write into a bucket names the objects, and one name must not keep it from being listed and emptied.</summary>
    [Fact]
    public async Task Names_that_no_XML_can_spell_are_listed_and_deleted_like_any_other()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        string[] names = ["\u0001a", "a b+c%41", "a/\uFFFE", "\u007f", "ü/\uFFFFz", "\uFFFD", "\uFFFE", "\uFFFF"];
        foreach (var name in names)
        {
            Assert.True(await PutAsync(key, bucket.Name, name, 1));
        }

        using var s3 = S3Client.Of(real.Endpoint, real.Access.SigningRegion, key);
        Assert.Equal(names, (await PagesAsync(s3, bucket.Name)).SelectMany(page => page.S3Objects ?? []).Select(found => found.Key));
        Assert.Equal(names, await VersionsAsync(s3, bucket.Name));
        var top = await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket.Name, Delimiter = "/" }, Ct);
        Assert.Equal(["a/", "ü/"], top.CommonPrefixes);
        var upload = new InitiateMultipartUploadRequest { BucketName = bucket.Name, Key = "\uFFFF\u0001" };
        Assert.NotNull((await s3.InitiateMultipartUploadAsync(upload, Ct)).UploadId);
        Assert.Equal(new EmptiedBatch(names.Length, IsEmpty: true), await Store.EmptyAsync(key, bucket, Ct));
        await RemoveAsync(user, key, bucket);
    }

    /// <summary>As a stranger does who wants it to stay: by an address it cannot be told, and by a list neither.</summary>
    [Fact]
    public async Task A_name_that_can_be_told_in_no_way_keeps_no_account_from_closing()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        using var signer = S3Client.Of(real.Endpoint, real.Access.SigningRegion, key);
        var address = new Uri(
            await signer.GetPreSignedURLAsync(
                new GetPreSignedUrlRequest
                {
                    BucketName = bucket.Name,
                    Key = "a/../\uFFFF",
                    Verb = HttpVerb.PUT,
                    Protocol = Protocol.HTTP,
                    Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5),
                }
            ),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }
        );
        using var http = new HttpClient();
        using var content = new ByteArrayContent([1]);
        using var put = await http.PutAsync(address, content, Ct);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        await FailsAsync(EngineFault.Rejected, () => Store.EmptyAsync(key, bucket, Ct));
        await Store.OverrideDenialAsync(key, bucket, Ct);
        Assert.DoesNotContain(await Store.BucketsAsync(Ct), row => row.UserId == user.Id);
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    /// <summary>
    /// An upload is aborted by its address too, which Amazon's client changes on its way: the bucket would stay for ever.
    /// </summary>
    [Fact]
    public async Task An_unfinished_upload_under_whatever_name_keeps_no_bucket()
    {
        var (user, key) = await AUserAsync();
        var bucket = await Store.EnsureBucketAsync(user.Id, key, ABucketName(), Ct);
        using var raw = new RawS3(real.Endpoint, key);
        foreach (var name in (string[])["plain", "/lead", "//two", "a//b", "../x", "a/./y", "a/..", "%01"])
        {
            var begun = await raw.PostAsync($"/{bucket.Name}/{name}?uploads=");
            Assert.True(begun.IsDone, $"{name}: {begun.Body}");
        }

        await Until.TrueAsync(async () => (await Store.EmptyAsync(key, bucket, Ct)).IsEmpty);
        Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        await Store.RemoveUserAsync(user.Id, Ct);
        Assert.DoesNotContain(await Store.BucketsAsync(Ct), row => row.UserId == user.Id);
    }

    private static async Task<List<ListObjectsV2Response>> PagesAsync(AmazonS3Client s3, string bucket)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, MaxKeys = 1 };
        List<ListObjectsV2Response> pages = [];
        do
        {
            pages.Add(await s3.ListObjectsV2Async(request, Ct));
            request.ContinuationToken = pages[^1].NextContinuationToken;
        } while (pages[^1].IsTruncated is true && pages.Count < 20);
        return pages;
    }

    private static async Task<List<string>> VersionsAsync(AmazonS3Client s3, string bucket)
    {
        var request = new ListVersionsRequest { BucketName = bucket, MaxKeys = 1 };
        List<string> names = [];
        while (true)
        {
            var page = await s3.ListVersionsAsync(request, Ct);
            names.AddRange((page.Versions ?? []).Select(found => found.Key));
            if (page.IsTruncated is not true || names.Count > 20)
            {
                return names;
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
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

    private Task<bool> AllowEverybodyAsync(StoreKey key, string bucket) =>
        IsAllowedAsync(
            key,
            s3 =>
                s3.PutBucketPolicyAsync(
                    new PutBucketPolicyRequest
                    {
                        BucketName = bucket,
                        Policy =
                            $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"}]}""",
                    },
                    Ct
                )
        );

    /// <summary>A plain upload, an ACL that comes later, a copy and an upload in parts, each for everybody to read.</summary>
    private async Task WriteInAllWaysAsync(StoreKey key, string bucket)
    {
        var everybody = S3CannedACL.PublicRead;
        foreach (var (name, acl) in ((string, S3CannedACL?)[])[("plain", everybody), ("later", null)])
        {
            var put = new PutObjectRequest
            {
                BucketName = bucket,
                Key = name,
                ContentBody = "x",
                CannedACL = acl,
            };
            Assert.True(await IsAllowedAsync(key, s3 => s3.PutObjectAsync(put, Ct)));
        }

        // Whether the gateway takes it or not.
        await IsAllowedAsync(
            key,
            s3 =>
                s3.PutObjectAclAsync(
                    new PutObjectAclRequest
                    {
                        BucketName = bucket,
                        Key = "later",
                        ACL = everybody,
                    },
                    Ct
                )
        );
        var copy = new CopyObjectRequest
        {
            SourceBucket = bucket,
            SourceKey = "owners",
            DestinationBucket = bucket,
            DestinationKey = "copied",
            CannedACL = everybody,
        };
        Assert.True(await IsAllowedAsync(key, s3 => s3.CopyObjectAsync(copy, Ct)));
        Assert.True(await IsAllowedAsync(key, s3 => WriteInPartsAsync(s3, bucket, everybody)));
    }

    private static async Task WriteInPartsAsync(IAmazonS3 s3, string bucket, S3CannedACL acl)
    {
        var begun = await s3.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest
            {
                BucketName = bucket,
                Key = "in-parts",
                CannedACL = acl,
            },
            Ct
        );
        using var content = new MemoryStream(new byte[1]);
        var part = await s3.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = bucket,
                Key = "in-parts",
                UploadId = begun.UploadId,
                PartNumber = 1,
                InputStream = content,
            },
            Ct
        );
        await s3.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest
            {
                BucketName = bucket,
                Key = "in-parts",
                UploadId = begun.UploadId,
                PartETags = [new PartETag(1, part.ETag)],
            },
            Ct
        );
    }

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
