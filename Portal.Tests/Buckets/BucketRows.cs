using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Tests.Buckets;

/// <summary>What the database holds once a customer's bucket is there, as the worker would have left it.</summary>
public static class BucketRows
{
    public static async Task<ObjectStoreUser> AddUserAsync(
        PortalDb db,
        BucketSecrets secrets,
        string accountId,
        string endpoint,
        Func<string, Task<StoreKey>>? make = null
    )
    {
        var now = TimeProvider.System.GetUtcNow();
        if (!await db.ObjectStores.AnyAsync())
        {
            db.ObjectStores.Add(
                new ObjectStore
                {
                    Id = "local",
                    Endpoint = endpoint,
                    AdminKeyId = "admin",
                    SeenAt = now,
                    WebsiteSuffix = $"s3-website.localhost:{endpoint.Split(':')[^1]}",
                }
            );
        }

        var id = ResourceIds.New(ObjectStoreUser.Prefix);
        var key = make is null ? BucketSecrets.Make() : await make(id);
        var user = new ObjectStoreUser
        {
            Id = id,
            AccountId = accountId,
            ProjectId = await db.Projects.Where(project => project.AccountId == accountId).Select(project => project.Id).SingleAsync(),
            RegionId = "local",
            Name = "default",
            CreatedAt = now,
            AccessKeyId = key.AccessKeyId,
            SealedSecret = secrets.Project.Seal(key.Secret),
        };
        db.ObjectStoreUsers.Add(user);
        await db.SaveChangesAsync();
        return user;
    }

    public static async Task<Bucket> AddBucketAsync(PortalDb db, ObjectStoreUser user, string name, string? storeId = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var bucket = new Bucket
        {
            Id = ResourceIds.New(Bucket.Prefix),
            AccountId = user.AccountId,
            ProjectId = user.ProjectId,
            RegionId = "local",
            UserId = user.Id,
            Name = name,
            CreatedAt = now,
            RequestToken = Guid.NewGuid().ToString("N"),
        }.Requested(now);
        bucket.ObserveMade(storeId ?? name);
        db.Buckets.Add(bucket);
        await db.SaveChangesAsync();
        return bucket;
    }
}
