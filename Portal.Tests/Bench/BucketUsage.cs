using System.Diagnostics;
using System.Globalization;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;
using Portal.Worker.Engines.Rgw;

namespace Portal.Tests.Bench;

/// <summary>
/// (k) The worker's minute with 2,000 buckets of 20 customers on a real Ceph: what all of them hold and what was asked of each, into the
/// ledger. Beside it the store's own two answers.
/// </summary>
internal sealed class BucketUsage(TestPostgres postgres) : TestDatabase(postgres)
{
    private const int Customers = 20;
    private const int BucketsEach = 100;
    private const int Looks = 7;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var bench = new BucketUsage(postgres);
        await bench.InitializeAsync();
        return await bench.MeasureAsync();
    }

    private async Task<IReadOnlyList<Figure>> MeasureAsync()
    {
        await using var ceph = new TestCeph();
        await ceph.StartAsync();
        using var http = new HttpClient { Timeout = RgwObjectStores.Patience };
        await using var services = WorkerServices.Of(
            this,
            Source,
            new InMemoryEngine(),
            TimeProvider.System,
            new RgwObjectStores(http, TimeProvider.System)
        );
        await FillAsync(ceph, services.GetRequiredService<BucketSecrets>());
        var (metering, bare) = (new List<double>(), new List<double>());
        for (var look = 0; look < Looks; look++)
        {
            metering.Add(await TimeAsync(() => services.GetRequiredService<BucketMetering>().SweepAsync(default)));
            bare.Add(
                await TimeAsync(async () =>
                {
                    await ceph.Store.BucketsAsync(default);
                    await ceph.Store.TrafficAsync(TimeProvider.System.GetUtcNow().AddHours(-1), default);
                })
            );
        }

        await using var db = CreateDbContext();
        var counted = await db.UsageSpans.Select(span => span.ResourceId).Distinct().CountAsync();
        return counted == Customers * BucketsEach
            ? [new Figure("(k) usage of 2,000 buckets collected, slowest of 7", metering.Max(), "ms", bare.Max(), 10_000)]
            : throw new InvalidOperationException($"Only {counted} buckets have usage in the ledger.");
    }

    private async Task FillAsync(TestCeph ceph, BucketSecrets secrets)
    {
        await using var db = CreateDbContext();
        for (var customer = 0; customer < Customers; customer++)
        {
            var actor = await AnAccount.ReadyAsync(this);
            StoreKey key = null!;
            var user = await BucketRows.AddUserAsync(
                db,
                secrets,
                actor.AccountId,
                ceph.Endpoint,
                async id => key = await ceph.AddUserAsync(id)
            );
            using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", key);
            var names = Enumerable
                .Range(0, BucketsEach)
                .Select(number => string.Create(CultureInfo.InvariantCulture, $"bench-{customer}-{number}"))
                .ToList();
            await Parallel.ForEachAsync(
                names,
                new ParallelOptions { MaxDegreeOfParallelism = 8 },
                async (name, ct) =>
                {
                    await s3.PutBucketAsync(name, ct);
                    await s3.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = name,
                            Key = "a",
                            ContentBody = new string('x', 10_000),
                        },
                        ct
                    );
                    (await s3.GetObjectAsync(name, "a", ct)).Dispose();
                }
            );
            foreach (var held in (await ceph.Store.BucketsAsync(default)).Where(held => held.UserId == user.Id))
            {
                await BucketRows.AddBucketAsync(db, user, held.Name, held.StoreId);
            }
        }

        await db.ObjectStores.ExecuteUpdateAsync(row =>
            row.SetProperty(store => store.AdminKeyId, ceph.Access.Admin.AccessKeyId)
                .SetProperty(store => store.SealedAdminSecret, secrets.Admin.Seal(ceph.Access.Admin.Secret))
        );
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
