using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed at each call that they make to a real object store: before it has its effect, and after
/// that but before they hear of it.
/// </summary>
[Trait("Needs", "engine")]
public sealed class KilledAtTheStoreTests(TestPostgres postgres, TestCeph ceph) : KilledAtTheStoreScene(postgres, ceph)
{
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

    private static readonly (string Name, Func<HttpRequest, bool> Is)[] Emptying =
    [
        ("unfinished uploads", request => request.Method is "GET" && Has(request, "uploads")),
        ("what there is", request => request.Method is "GET" && Has(request, "versions")),
        ("a batch", request => request.Method is "POST" && Has(request, "delete")),
        ("the bucket", request => request.Method is "DELETE" && !GatewayProxy.IsAdmin(request)),
    ];

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
            (await Ceph.Store.UsersAsync(Ct)).ToList(),
            (await Ceph.Store.BucketsAsync(Ct)).ToLookup(bucket => bucket.UserId)
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

        await new ThreeTruths(this) { Store = Ceph.Store }.AgreeAsync(Server);

        // Other tests' buckets lie in the same store.
        Assert.Empty(
            await db
                .Incidents.Where(incident => incident.Kind == "orphan" && db.ObjectStoreUsers.Any(user => user.Id == incident.ResourceId))
                .Select(incident => incident.Message)
                .ToListAsync(Ct)
        );
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
        Assert.DoesNotContain(await Ceph.Store.BucketsAsync(Ct), bucket => bucket.Name == ada.Bucket.Name);
        Assert.All(await SpansAsync(ada.Bucket), span => Assert.NotNull(span.To));
        Assert.Equal("available", (await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Id == bob.Bucket.Id, Ct)).Status);
        using var s3 = Client(bob.Full);
        Assert.Equal(10, (await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bob.Bucket.Name }, Ct)).KeyCount);
        await new ThreeTruths(this) { Store = Ceph.Store }.AgreeAsync(Server);
    }
}
