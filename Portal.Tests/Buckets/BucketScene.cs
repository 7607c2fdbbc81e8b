using System.Globalization;
using System.Net;
using Amazon.S3;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>A customer of the web with buckets in a real Ceph; the worker's part is played by the test.</summary>
public sealed class BucketScene(PortalServer server, TestCeph ceph, IDbContextFactory<PortalDb> dbs)
{
    private static int names;

    private ObjectStoreUser? user;

    public Person Ada { get; private set; } = null!;

    public Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);

    /// <summary>S3 with the key that Portal has of the project.</summary>
    public AmazonS3Client S3 { get; private set; } = null!;

    public StoreKey Key { get; private set; } = null!;

    public string StoreUser => user!.Id;

    public ObjectChanges Changes => server.Services.GetRequiredService<ObjectChanges>();

    public static async Task<BucketScene> AddAsync(PortalServer server, TestCeph ceph, IDbContextFactory<PortalDb> dbs)
    {
        await ceph.StartAsync();
        var scene = new BucketScene(server, ceph, dbs) { Ada = await server.AddPersonAsync() };
        await scene.AddUserAsync();
        return scene;
    }

    /// <summary>A bucket that is there, named so that no other test has it.</summary>
    public async Task<Bucket> AddBucketAsync(string name = "photos")
    {
        var unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{Environment.ProcessId}-{Interlocked.Increment(ref names)}");
        await S3.PutBucketAsync(unique);
        await using var db = await dbs.CreateDbContextAsync();
        return await BucketRows.AddBucketAsync(db, user!, unique);
    }

    public async Task<OpenBucket> OpenAsync(Bucket bucket) =>
        (await server.Services.GetRequiredService<BucketGateway>().OpenAsync(Actor, bucket.Id, default)).Value!;

    private async Task AddUserAsync()
    {
        await using var db = await dbs.CreateDbContextAsync();
        user = await BucketRows.AddUserAsync(
            db,
            server.Services.GetRequiredService<BucketSecrets>(),
            Ada.AccountId,
            ceph.Endpoint,
            async id => Key = await ceph.AddUserAsync(id)
        );
        S3 = S3Client.Of(ceph.Endpoint, "us-east-1", Key);
    }
}
