using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed at each call that they make to a real object store: before it has its effect, and after
/// that but before they hear of it.
/// </summary>
[Trait("Needs", "engine")]
public sealed class KilledAtTheStoreTests(TestPostgres postgres, TestCeph ceph) : ServedTests(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly (string Name, Func<HttpRequest, bool> Is)[] Provisioning =
    [
        (
            "the project's user",
            request => Is(request, "PUT", "/admin/user", "uid", "s3u-") && !Has(request, "key") && !Has(request, "quota")
        ),
        ("the user's quota", request => Is(request, "PUT", "/admin/user", "uid", "s3u-") && Has(request, "quota")),
        ("Portal's key", request => Is(request, "PUT", "/admin/user", "uid", "s3u-") && Has(request, "key")),
        ("the bucket", request => request.Method is "PUT" && !GatewayProxy.IsAdmin(request) && !Has(request, "policy")),
        ("the bucket's id", request => Is(request, "GET", "/admin/bucket", "bucket", "")),
        (
            "a limited key's user",
            request => Is(request, "PUT", "/admin/user", "uid", "ak-") && !Has(request, "key") && !Has(request, "quota")
        ),
        ("the limited key", request => Is(request, "PUT", "/admin/user", "uid", "ak-") && Has(request, "key")),
        ("the policy", request => request.Method is "PUT" && Has(request, "policy")),
    ];

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

    private static readonly (string Name, Func<HttpRequest, bool> Is)[] Emptying =
    [
        ("unfinished uploads", request => request.Method is "GET" && Has(request, "uploads")),
        ("what there is", request => request.Method is "GET" && Has(request, "versions")),
        ("a batch", request => request.Method is "POST" && Has(request, "delete")),
        ("the bucket", request => request.Method is "DELETE" && !GatewayProxy.IsAdmin(request)),
    ];

    private GatewayProxy proxy = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ceph.StartAsync();
        proxy = await GatewayProxy.StartAsync(ceph.Endpoint);
        using var worker = await StartAsync();
        await InDatabaseAsync(db => db.ObjectStores.AnyAsync(store => store.SeenAt != null && store.AwaySince == null, Ct));
    }

    public override async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task While_it_provisions_nothing_is_made_twice_or_lost()
    {
        var customers = new List<ACustomer>();
        foreach (var ((name, isCall), point) in Chaos.Points(Provisioning, sample: 2))
        {
            customers.Add(await RequestAsync(objects: 0));
            await KillAtAsync(isCall, point, name);
        }

        using var survivor = await StartAsync();
        await SettledBuckets.UntilAsync(this, Patience);
        var (users, buckets) = (
            (await ceph.Store.UsersAsync(Ct)).ToList(),
            (await ceph.Store.BucketsAsync(Ct)).ToLookup(bucket => bucket.UserId)
        );
        await using var db = CreateDbContext();
        foreach (var customer in customers)
        {
            var user = await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.AccountId == customer.Actor.AccountId, Ct);
            var bucket = await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.AccountId == customer.Actor.AccountId, Ct);
            Assert.Equal((ObjectStoreUserState.Active, "available", null), (user.State, bucket.Status, bucket.LastError));
            Assert.Equal((bucket.Name, bucket.StoreId), Assert.Single(buckets[user.Id]) is var held ? (held.Name, held.StoreId) : default);
            Assert.Single(users, id => id == user.Id);
            Assert.Single(users, id => id == customer.Reading.Key.Id);
            using var s3 = Client(customer.Full);
            using var reader = Client(customer.Reading);
            await s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = bucket.Name,
                    Key = "a",
                    ContentBody = "x",
                },
                Ct
            );
            (await reader.GetObjectAsync(bucket.Name, "a", Ct)).Dispose();
        }

        await new ThreeTruths(this) { Store = ceph.Store }.AgreeAsync(Server);

        // Other tests' buckets lie in the same store.
        Assert.Empty(
            await db
                .Incidents.Where(incident => incident.Kind == "orphan" && db.ObjectStoreUsers.Any(user => user.Id == incident.ResourceId))
                .Select(incident => incident.Message)
                .ToListAsync(Ct)
        );
    }

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
        await new ThreeTruths(this) { Store = ceph.Store }.AgreeAsync(Server);
    }

    [Fact]
    public async Task While_it_empties_what_was_meant_goes_and_nothing_else()
    {
        var (ada, bob) = (await RequestAsync(objects: 2500), await RequestAsync(objects: 10));
        Assert.True(
            (await Server.Services.GetRequiredService<ChangeBucket>().DeleteAsync(ada.Actor, ada.Bucket.Id, emptyFirst: true, Ct))
                .Outcome
                .IsDone
        );
        foreach (var ((name, isCall), point) in Chaos.Points(Emptying, sample: 2))
        {
            await KillAtAsync(isCall, point, name);
        }

        using var survivor = await StartAsync();
        await SettledBuckets.UntilAsync(this, Patience);
        await using var db = CreateDbContext();
        Assert.Equal("deleted", (await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Id == ada.Bucket.Id, Ct)).Status);
        Assert.DoesNotContain(await ceph.Store.BucketsAsync(Ct), bucket => bucket.Name == ada.Bucket.Name);
        Assert.All(await SpansAsync(ada.Bucket), span => Assert.NotNull(span.To));
        Assert.Equal("available", (await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Id == bob.Bucket.Id, Ct)).Status);
        using var s3 = Client(bob.Full);
        Assert.Equal(10, (await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bob.Bucket.Name }, Ct)).KeyCount);
        await new ThreeTruths(this) { Store = ceph.Store }.AgreeAsync(Server);
    }

    private Task<WorkerUnderFire> StartAsync() =>
        WorkerUnderFire.StartAsync(
            ConnectionString,
            ("ObjectStore:Endpoint", proxy.Endpoint),
            ("ObjectStore:AdminKeyId", ceph.Access.Admin.AccessKeyId),
            ("ObjectStore:AdminSecret", ceph.Access.Admin.Secret)
        );

    /// <summary>Starts a worker and kills it as it makes such a call for the first time.</summary>
    private async Task KillAtAsync(Func<HttpRequest, bool> isCall, FaultPoint point, string name)
    {
        Task<WorkerUnderFire>? starting = null;
        var killed = proxy.KillAtFirst(isCall, point, async () => await (await starting!).KillAsync());
        starting = StartAsync();
        using var worker = await starting;
        await killed
            .WaitAsync(Patience, Ct)
            .ContinueWith(done => Assert.True(done.IsCompletedSuccessfully, $"No worker came to {name}."), TaskScheduler.Default);
        proxy.Interfere = (_, _) => Task.FromResult(Interference.None);
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

    /// <summary>Somebody with a bucket and two keys; if there are to be objects, they are there.</summary>
    private async Task<ACustomer> RequestAsync(int objects)
    {
        var actor = await AnAccount.ReadyAsync(this);
        var (create, keys) = (Server.Services.GetRequiredService<CreateBucket>(), Server.Services.GetRequiredService<AccessKeys>());
        var bucket = (await create.RunAsync(actor, new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")), Ct)).Value!;
        var full = (
            await keys.CreateAsync(actor, new NewAccessKey("full", KeyRights.ReadWrite, null, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        var reading = (
            await keys.CreateAsync(actor, new NewAccessKey("reading", KeyRights.ReadOnly, bucket.Id, Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        var customer = new ACustomer(actor, bucket, full, reading);
        if (objects > 0)
        {
            using var worker = await StartAsync();
            await SettledBuckets.UntilAsync(this, Patience);
            using var s3 = Client(full);
            await Parallel.ForEachAsync(
                Enumerable.Range(0, objects),
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
                async (number, ct) =>
                    await s3.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = bucket.Name,
                            Key = $"{number:d6}",
                            ContentBody = new string('x', 4096),
                        },
                        ct
                    )
            );
        }

        return customer;
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
                var hours = (await ceph.Store.TrafficAsync(TimeProvider.System.GetUtcNow().AddHours(-3), Ct))
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

    private async Task<List<UsageSpan>> SpansAsync(Bucket bucket)
    {
        await using var db = CreateDbContext();
        return await db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == bucket.Id).ToListAsync(Ct);
    }

    private async Task InDatabaseAsync(Func<Model.Shared.PortalDb, Task<bool>> isSo) =>
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await isSo(db);
            },
            Patience
        );

    private Amazon.S3.AmazonS3Client Client(MadeAccessKey made) =>
        S3Client.Of(ceph.Endpoint, "us-east-1", new StoreKey(made.Key.AccessKeyId, made.Secret!));

    private static bool Is(HttpRequest request, string method, string path, string parameter, string prefix) =>
        request.Method == method
        && request.Path == path
        && request.Query.TryGetValue(parameter, out var value)
        && value.ToString().StartsWith(prefix, StringComparison.Ordinal);

    private static bool Has(HttpRequest request, string parameter) => request.Query.ContainsKey(parameter);

    private sealed record ACustomer(Actor Actor, Bucket Bucket, MadeAccessKey Full, MadeAccessKey Reading);
}
