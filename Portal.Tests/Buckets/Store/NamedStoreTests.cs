using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>A gateway that somebody else runs: the worker is told its address and an administrator's key.</summary>
[Trait("Needs", "engine")]
public sealed class NamedStoreTests(TestPostgres postgres, TestCeph ceph) : TestDatabase(postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_gateway_serves_a_region_whose_worker_is_told_its_address_and_key()
    {
        await ceph.StartAsync();
        await using var work = await BucketsAtWork.StartAsync(
            this,
            ConnectionString,
            ceph,
            ("ObjectStore:Endpoint", $"{ceph.Endpoint}/"),
            ("ObjectStore:AdminKeyId", ceph.Access.Admin.AccessKeyId),
            ("ObjectStore:AdminSecret", ceph.Access.Admin.Secret)
        );
        var ada = await work.AddCustomerAsync();
        var bucket = await work.AddBucketAsync(ada);
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
        await using var db = CreateDbContext();
        var store = await db.ObjectStores.AsNoTracking().SingleAsync(Ct);
        Assert.Equal((StoreSource.Settings, ceph.Endpoint, ceph.Endpoint), (store.Source, store.Endpoint, store.OwnEndpoint));
        Assert.DoesNotContain(ceph.Access.Admin.Secret, store.SealedAdminSecret!, StringComparison.Ordinal);
    }
}
