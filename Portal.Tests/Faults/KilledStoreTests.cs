using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Gateway, monitor and disk daemon of a real object store are killed while customers ask for buckets and keys, upload, and delete. A store
/// of its own, since it is away for all.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Length", "long")]
public sealed class KilledStoreTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly TestCeph ceph = new() { GiB = 2 };
    private BucketsAtWork work = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        work = await BucketsAtWork.StartAsync(this, ConnectionString, ceph);
    }

    public override async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await ceph.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Whatever_part_of_it_dies_what_was_asked_for_is_there_once_and_what_was_stored_stays()
    {
        var ada = await work.AddCustomerAsync();
        var kept = await work.AddBucketAsync(ada);
        var key = await work.AddKeyAsync(ada);
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", key, TimeSpan.FromSeconds(20), ownConnections: true);
        var stored = new List<string>();
        var asked = new List<string>();
        foreach (
            var parts in (string[][])
                [
                    ["radosgw"],
                    ["ceph-mon"],
                    ["ceph-osd"],
                    ["ceph-mon", "radosgw"],
                    ["ceph-mon", "ceph-osd", "radosgw"],
                ]
        )
        {
            var doomed = await work.AddBucketAsync(ada);
            foreach (var part in parts)
            {
                await ceph.KillAsync(part);
            }

            asked.Add(await AskAsync(ada));
            await work.DeleteAsync(ada, doomed);
            var made = await work.RequestKeyAsync(ada, KeyRights.ReadOnly);
            stored.AddRange(await PutAsync(s3, kept, string.Join('+', parts)));
            using (var client = await work.Server.NewClientAsync(ada))
            {
                Assert.Equal(kept, (await client.PageAsync($"/buckets/{kept}")).QuerySelector("h1")?.TextContent);
            }

            await ceph.RestartAsync();
            stored.AddRange(await PutAsync(s3, kept, $"{string.Join('+', parts)} back", until: true));
            await work.ActiveAsync(made);
            await SettledBuckets.UntilAsync(this, Patience);
            Assert.False(await work.IsThereAsync(doomed));
        }

        foreach (var name in stored)
        {
            using var read = await s3.GetObjectAsync(kept, name, Ct);
            using var text = new StreamReader(read.ResponseStream);
            Assert.Equal(name, await text.ReadToEndAsync(Ct));
        }

        Assert.True(asked.Count == asked.Distinct(StringComparer.Ordinal).Count());
        await new ThreeTruths(this) { Store = ceph.Store, Engine = work.Engine }.AgreeAsync(work.Server);
    }

    /// <summary>The name of a bucket that is asked for while the store is away.</summary>
    private async Task<string> AskAsync(Person customer)
    {
        var services = work.Server.Services;
        var made = await services
            .GetRequiredService<CreateBucket>()
            .RunAsync(
                new Actor(customer.AccountId, customer.UserId, customer.Email, IPAddress.Loopback),
                new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")),
                Ct
            );
        Assert.Null(made.Reason);
        return made.Value!.Name;
    }

    /// <summary>The keys of what the store said that it took.</summary>
    /// <param name="until">Go on until it takes one.</param>
    private static async Task<List<string>> PutAsync(AmazonS3Client s3, string bucket, string name, bool until = false)
    {
        var stored = new List<string>();
        var number = 0;
        await Until.TrueAsync(
            async () =>
            {
                try
                {
                    var key = $"{name} {number++}";
                    await s3.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = bucket,
                            Key = key,
                            ContentBody = key,
                        },
                        Ct
                    );
                    stored.Add(key);
                }
                catch (Exception away)
                    when (away
                            is AmazonS3Exception
                                or HttpRequestException
                                or TaskCanceledException
                                or TimeoutException
                                or Amazon.Runtime.AmazonClientException
                    )
                {
                    // It is away.
                }

                return !until || stored.Count > 0;
            },
            Patience
        );
        return stored;
    }
}
