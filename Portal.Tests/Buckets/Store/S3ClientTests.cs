using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>
/// What customers' programs do: Debian's <c>aws</c> and Amazon's SDK, with keys that Portal made, on the real store that its worker looks
/// after.
/// </summary>
[Trait("Needs", "engine")]
public sealed class S3ClientTests(TestPostgres postgres, TestCeph ceph) : TestDatabase(postgres)
{
    private BucketsAtWork work = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        work = await BucketsAtWork.StartAsync(this, ConnectionString, ceph);
    }

    public override async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Two_hundred_megabytes_in_parts_come_back_as_they_were()
    {
        var (ada, bucket) = await ACustomerAsync();
        using var aws = new AwsCommand(ceph.Endpoint, await work.AddKeyAsync(ada));
        using var files = new FilesOnDisk(("big.bin", FilesOnDisk.Random(200_000_000)));
        var path = files.Paths("big.bin")[0];
        await aws.RunAsync("s3", "cp", "--quiet", path, $"s3://{bucket}/big.bin");
        Assert.Contains(
            "-24\\\"\"",
            await aws.RunAsync("s3api", "head-object", "--bucket", bucket, "--key", "big.bin", "--query", "ETag"),
            StringComparison.Ordinal
        );
        await aws.RunAsync("s3", "cp", "--quiet", $"s3://{bucket}/big.bin", path + ".back");
        Assert.Equal(await ChecksumAsync(path), await ChecksumAsync(path + ".back"));
    }

    [Fact]
    public async Task Five_thousand_keys_are_listed_by_both()
    {
        const int count = 5000;
        var (ada, bucket) = await ACustomerAsync();
        var key = await work.AddKeyAsync(ada);
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", key);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
            async (number, ct) =>
                await s3.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket,
                        Key = string.Create(CultureInfo.InvariantCulture, $"folder/{number:d4}"),
                        ContentBody = "x",
                    },
                    ct
                )
        );
        using var aws = new AwsCommand(ceph.Endpoint, key);
        Assert.Equal(
            count,
            (await aws.RunAsync("s3", "ls", "--recursive", $"s3://{bucket}/folder/"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Length
        );
        var pages = s3.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket, Prefix = "folder/" });
        Assert.Equal(count, await pages.S3Objects.Select(found => found.Key).Distinct().CountAsync(Ct));
    }

    [Fact]
    public async Task Presigned_addresses_and_cors_let_a_browser_in_and_nobody_elses()
    {
        var (ada, bucket) = await ACustomerAsync();
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada));
        using var http = new HttpClient();
        using (var sent = await http.PutAsync(Sign(s3, bucket, HttpVerb.PUT), new ByteArrayContent("signed"u8.ToArray()), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        }

        Assert.Equal("signed", await http.GetStringAsync(Sign(s3, bucket, HttpVerb.GET), Ct));
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(new Uri($"{ceph.Endpoint}/{bucket}/a b+ü"), Ct)).StatusCode);
        await s3.PutCORSConfigurationAsync(
            bucket,
            new CORSConfiguration
            {
                Rules =
                [
                    new CORSRule
                    {
                        AllowedOrigins = ["https://shop.example.com"],
                        AllowedMethods = ["PUT"],
                        AllowedHeaders = ["*"],
                    },
                ],
            },
            Ct
        );
        Assert.Equal(("https://shop.example.com", true), await PreflightAsync(http, bucket, "https://shop.example.com"));
        Assert.Equal((null, false), await PreflightAsync(http, bucket, "https://elsewhere.example.com"));
    }

    [Fact]
    public async Task Versions_and_a_policy_set_with_the_aws_command_hold()
    {
        var (ada, bucket) = await ACustomerAsync();
        using var aws = new AwsCommand(ceph.Endpoint, await work.AddKeyAsync(ada));
        using var files = new FilesOnDisk(
            ("one", "first"u8.ToArray()),
            ("two", "second"u8.ToArray()),
            ("policy", System.Text.Encoding.UTF8.GetBytes(Portal.Buckets.PolicyExamples.Of(bucket)[0].Text))
        );
        await aws.RunAsync("s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled");
        await aws.RunAsync("s3", "cp", files.Paths("one")[0], $"s3://{bucket}/public/note");
        await aws.RunAsync("s3", "cp", files.Paths("two")[0], $"s3://{bucket}/public/note");
        var older = (
            await aws.RunAsync(
                "s3api",
                "list-object-versions",
                "--bucket",
                bucket,
                "--query",
                "Versions[?!IsLatest].VersionId",
                "--output",
                "text"
            )
        ).Trim();
        await aws.RunAsync(
            "s3api",
            "get-object",
            "--bucket",
            bucket,
            "--key",
            "public/note",
            "--version-id",
            older,
            files.Paths("one")[0] + ".back"
        );
        Assert.Equal("first", await File.ReadAllTextAsync(files.Paths("one")[0] + ".back", Ct));

        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(new Uri($"{ceph.Endpoint}/{bucket}/public/note"), Ct)).StatusCode);
        await aws.RunAsync("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", $"file://{files.Paths("policy")[0]}");
        Assert.Equal("second", await http.GetStringAsync(new Uri($"{ceph.Endpoint}/{bucket}/public/note"), Ct));
    }

    [Fact]
    public async Task Keys_do_what_they_are_for_another_customers_nothing_and_a_revoked_one_nothing_at_once()
    {
        var (ada, bucket) = await ACustomerAsync();
        var (bob, _) = await ACustomerAsync();
        var (full, reading, strange) = (
            await work.RequestKeyAsync(ada, KeyRights.ReadWrite),
            await work.AddKeyAsync(ada, KeyRights.ReadOnly),
            await work.AddKeyAsync(bob)
        );
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.ActiveAsync(full), ownConnections: true);
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket,
                Key = "a",
                ContentBody = "x",
            },
            Ct
        );
        using var reader = S3Client.Of(ceph.Endpoint, "us-east-1", reading, ownConnections: true);
        (await reader.GetObjectAsync(bucket, "a", Ct)).Dispose();
        using var stranger = S3Client.Of(ceph.Endpoint, "us-east-1", strange, ownConnections: true);
        Func<IAmazonS3, Task>[] writes =
        [
            client =>
                client.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket,
                        Key = "b",
                        ContentBody = "x",
                    },
                    Ct
                ),
            client => client.DeleteObjectAsync(bucket, "a", Ct),
            client => client.InitiateMultipartUploadAsync(bucket, "b", Ct),
            client => client.PutBucketPolicyAsync(bucket, Portal.Buckets.PolicyExamples.Of(bucket)[0].Text, Ct),
            client =>
                client.PutBucketVersioningAsync(
                    new PutBucketVersioningRequest
                    {
                        BucketName = bucket,
                        VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
                    },
                    Ct
                ),
            client =>
                client.PutCORSConfigurationAsync(
                    bucket,
                    new CORSConfiguration { Rules = [new CORSRule { AllowedOrigins = ["*"], AllowedMethods = ["GET"] }] },
                    Ct
                ),
            client => client.DeleteBucketAsync(bucket, Ct),
        ];
        Func<IAmazonS3, Task>[] reads =
        [
            client => client.GetObjectAsync(bucket, "a", Ct),
            client => client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, Ct),
            client => client.GetBucketAclAsync(new GetBucketAclRequest { BucketName = bucket }, Ct),
        ];
        foreach (var ask in writes)
        {
            await DeniedAsync(reader, ask);
        }

        foreach (var ask in writes.Concat(reads))
        {
            await DeniedAsync(stranger, ask);
        }

        await work.RevokeAsync(ada, full);
        await DeniedAsync(s3, reads[0], "InvalidAccessKeyId");
    }

    [Fact]
    public async Task A_full_quota_and_a_suspension_answer_with_S3s_own_errors_and_links_end_too()
    {
        var (ada, bucket) = await ACustomerAsync();
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada), ownConnections: true);
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket,
                Key = "a b+ü",
                ContentBody = "x",
            },
            Ct
        );
        var link = Sign(s3, bucket, HttpVerb.GET);
        await work.ChangeAsync(ada, account => account.BucketGiBLimit = 0);
        await Until.TrueAsync(
            async () =>
                await CodeAsync(() =>
                    s3.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = bucket,
                            Key = "b",
                            ContentBody = "x",
                        },
                        Ct
                    )
                )
                    is "QuotaExceeded",
            TimeSpan.FromSeconds(90)
        );
        using var http = new HttpClient();
        Assert.Equal("x", await http.GetStringAsync(link, Ct));

        await work.ChangeAsync(ada, account => account.SuspendedAt = account.CreatedAt);
        await Until.TrueAsync(
            async () =>
                await CodeAsync(() => s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, Ct))
                    is "UserSuspended"
                        or "AccessDenied",
            TimeSpan.FromSeconds(60)
        );
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(link, Ct)).StatusCode);
        await work.ChangeAsync(ada, account => account.SuspendedAt = null);
        await Until.TrueAsync(async () => (await http.GetAsync(link, Ct)).StatusCode is HttpStatusCode.OK, TimeSpan.FromSeconds(60));

        // So does whoever downloaded more in a month than may.
        await work.ChangeAsync(ada, account => account.ObserveDownloads(account.DownloadGiBLimit, account.CreatedAt));
        await Until.TrueAsync(async () => (await http.GetAsync(link, Ct)).StatusCode is HttpStatusCode.Forbidden, TimeSpan.FromSeconds(60));
        await work.ChangeAsync(ada, account => account.ObserveDownloads(0, account.CreatedAt));
        await Until.TrueAsync(async () => (await http.GetAsync(link, Ct)).StatusCode is HttpStatusCode.OK, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_closed_account_leaves_nothing_in_the_store_even_if_it_was_suspended()
    {
        var (ada, bucket) = await ACustomerAsync();
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada));
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket,
                Key = "a",
                ContentBody = "x",
            },
            Ct
        );
        await s3.PutBucketAsync(bucket + "-unknown", Ct);
        var reading = await work.RequestKeyAsync(ada, KeyRights.ReadOnly);
        await work.ActiveAsync(reading);
        await work.ChangeAsync(ada, account => account.SuspendedAt = account.CreatedAt);
        var user = await work.UserAsync(ada);
        await Until.TrueAsync(async () => (await work.UserAsync(ada)).IsSuspended, TimeSpan.FromSeconds(60));
        await work.RemoveAsync(ada);
        await Until.TrueAsync(async () => (await work.UserAsync(ada)).State is ObjectStoreUserState.Removed, TimeSpan.FromSeconds(150));
        Assert.DoesNotContain(await ceph.Store.BucketsAsync(Ct), held => held.UserId == user.Id);
        Assert.Empty((await ceph.Store.UsersAsync(Ct)).Intersect([user.Id, reading.Key.Id], StringComparer.Ordinal));
    }

    private async Task<(Person Customer, string Bucket)> ACustomerAsync()
    {
        var person = await work.AddCustomerAsync();
        return (person, await work.AddBucketAsync(person));
    }

    private Uri Sign(AmazonS3Client s3, string bucket, HttpVerb verb) =>
        new(
            s3.GetPreSignedURL(
                new GetPreSignedUrlRequest
                {
                    BucketName = bucket,
                    Key = "a b+ü",
                    Verb = verb,
                    Protocol = Protocol.HTTP,
                    Expires = TimeProvider.System.GetUtcNow().AddMinutes(10).UtcDateTime,
                }
            )
        );

    private async Task<(string? Origin, bool IsAllowed)> PreflightAsync(HttpClient http, string bucket, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, $"{ceph.Endpoint}/{bucket}/a")
        {
            Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "PUT" } },
        };
        using var answer = await http.SendAsync(request, Ct);
        return (
            answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) ? allowed.Single() : null,
            answer.IsSuccessStatusCode
        );
    }

    private static async Task DeniedAsync(IAmazonS3 client, Func<IAmazonS3, Task> ask, string code = "AccessDenied") =>
        Assert.Equal(code, await CodeAsync(() => ask(client)));

    private static async Task<string?> CodeAsync(Func<Task> ask)
    {
        try
        {
            await ask();
            return null;
        }
        catch (AmazonS3Exception error)
        {
            return error.ErrorCode;
        }
    }

    private static async Task<string> ChecksumAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexString(await SHA256.HashDataAsync(file, Ct));
    }
}
