using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed at each call by which they meter a real object store, and while they write down what
/// it said.
/// </summary>
[Trait("Needs", "engine")]
public sealed class KilledWhileMeteringTests(TestPostgres postgres, TestCeph ceph) : KilledAtTheStoreScene(postgres, ceph)
{
    private static readonly (string Name, Func<HttpRequest, bool> Is)[] Metering =
    [
        (
            "what buckets hold",
            request =>
                request.Method is "GET"
                && request.Path == "/admin/bucket"
                && Has(request, "stats")
                && !Has(request, "bucket")
                && !Has(request, "uid")
        ),
        ("what was counted", request => request.Method is "GET" && request.Path == "/admin/usage" && Has(request, "start")),
    ];

    [Fact]
    public async Task While_it_meters_every_request_and_byte_is_in_the_ledger_once()
    {
        var ada = await RequestAsync(objects: 1);
        using var s3 = Client(ada.Full);
        foreach (var (name, isCall) in Metering)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                await UseAsync(s3, ada.Bucket, reads: 20);
                await KillAtAsync(isCall, point, name);
            }
        }

        foreach (
            var (sql, waits) in ((string, string)[])
                [
                    ("""LOCK TABLE "UsageSpans" IN SHARE ROW EXCLUSIVE MODE""", "UsageSpans"),
                    ("""SELECT 1 FROM "ObjectStores" FOR UPDATE""", "MeteredThrough"),
                ]
        )
        {
            await UseAsync(s3, ada.Bucket, reads: 20);
            await KillWhileItWritesAsync(sql, waits);
        }

        await CountedAsync(ada, reads: 120);
        using var survivor = await StartAsync();
        var counted = await CountedAsync(ada, reads: 120);
        await Until.TrueAsync(
            async () =>
                (await SpansAsync(ada.Bucket)).Where(span => span.Sku == Skus.BucketReads).Sum(span => span.Quantity) * 1000
                >= counted.Reads,
            Patience
        );
        var spans = await SpansAsync(ada.Bucket);
        Assert.Equal(counted.Reads, spans.Where(span => span.Sku == Skus.BucketReads).Sum(span => span.Quantity) * 1000);
        Assert.Equal(counted.Writes, spans.Where(span => span.Sku == Skus.BucketWrites).Sum(span => span.Quantity) * 1000);
        Assert.Equal(
            (double)BucketMeter.GiB(counted.BytesOut),
            (double)spans.Where(span => span.Sku == Skus.BucketOut).Sum(span => span.Quantity),
            1e-5
        );
        Assert.Equal(spans.Count, spans.Select(span => (span.Sku, span.From)).Distinct().Count());
        var stored = spans.Where(span => span.Sku == Skus.BucketStorage).OrderBy(span => span.From).ToList();
        Assert.NotEmpty(stored);
        Assert.All(
            stored.Zip(stored.Skip(1)),
            pair => Assert.True(pair.First.To <= pair.Second.From, "Stored bytes are billed twice for the same time.")
        );
        await new ThreeTruths(this) { Store = Ceph.Store }.AgreeAsync(Server);
    }

    /// <summary>Between what it read and what it writes: a lock holds it there.</summary>
    private async Task KillWhileItWritesAsync(string sql, string waits)
    {
        await using var holder = await Source.OpenConnectionAsync(Ct);
        await using var transaction = await holder.BeginTransactionAsync(Ct);
        await using (var command = new NpgsqlCommand(sql, holder, transaction))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        // What others' sessions wait for is shown to an administrator only.
        await using var administrator = NpgsqlDataSource.Create(AsAdministrator);
        using var worker = await StartAsync();
        await Until.TrueAsync(
            async () =>
            {
                await using var look = administrator.CreateCommand(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1"
                );
                look.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"%{waits}%" });
                return await look.ExecuteScalarAsync(Ct) is > 0L;
            },
            Patience,
            () => $"No worker came to write {waits}."
        );
        await worker.KillAsync();
    }

    private async Task UseAsync(Amazon.S3.AmazonS3Client s3, Bucket bucket, int reads)
    {
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = $"{Guid.NewGuid():N}",
                ContentBody = new string('x', 100_000),
            },
            Ct
        );
        for (var read = 0; read < reads; read++)
        {
            using var found = await s3.GetObjectAsync(bucket.Name, "000000", Ct);
            await found.ResponseStream.CopyToAsync(Stream.Null, Ct);
        }
    }

    /// <summary>What the store has counted, once all of it is in its log: it writes that down every few seconds.</summary>
    private async Task<BucketTraffic> CountedAsync(ACustomer customer, int reads)
    {
        BucketTraffic? counted = null;
        await Until.TrueAsync(
            async () =>
            {
                var hours = (await Ceph.Store.TrafficAsync(TimeProvider.System.GetUtcNow().AddHours(-3), Ct))
                    .Where(hour => hour.Bucket == customer.Bucket.Name)
                    .ToList();
                counted = new BucketTraffic(
                    "",
                    customer.Bucket.Name,
                    default,
                    hours.Sum(hour => hour.BytesOut),
                    hours.Sum(hour => hour.Writes),
                    hours.Sum(hour => hour.Reads)
                );
                return counted.Reads >= reads;
            },
            Patience,
            () => $"The store counted {counted?.Reads} reads."
        );
        return counted!;
    }
}
