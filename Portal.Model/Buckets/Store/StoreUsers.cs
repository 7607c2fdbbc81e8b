using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>A project's user of the object store, made at first use.</summary>
public sealed class StoreUsers(BucketSecrets secrets, TimeProvider clock)
{
    /// <summary>
    /// Within the caller's transaction and lock on the account: the user of the account's first project in the region, a new one if there
    /// is none yet. Refused while the region's store takes nothing.
    /// </summary>
    internal async Task<Outcome<ObjectStoreUser>> FindOrAddAsync(PortalDb db, Actor actor, string regionId, CancellationToken ct)
    {
        var store = await db.ObjectStores.AsNoTracking().FirstOrDefaultAsync(store => store.Id == regionId, ct);
        if ((store is null ? Refusal.NotFound("There are no buckets in this region.") : Refusal.State(store.WhyNot)) is { } refusal)
        {
            return refusal;
        }

        var project = await db
            .Projects.AsNoTracking()
            .Where(project => project.AccountId == actor.AccountId)
            .OrderBy(project => project.CreatedAt)
            .FirstAsync(ct);
        return await db.ObjectStoreUsers.FirstOrDefaultAsync(user => user.ProjectId == project.Id && user.RegionId == regionId, ct) switch
        {
            { Goal: ObjectStoreUserGoal.Removed } => Refusal.State("The buckets of this account are being removed."),
            { } known => known,
            null => await AddAsync(db, actor, project, regionId, ct),
        };
    }

    /// <summary>
    /// Within the caller's transaction, for an account that closes: all its users of object stores are to go, with their keys, their
    /// buckets and everything in them. The worker does so in batches, also while the account is suspended.
    /// </summary>
    public static async Task RequestRemovalAsync(PortalDb db, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        foreach (
            var user in await db
                .ObjectStoreUsers.Where(user => user.AccountId == actor.AccountId && user.Goal != ObjectStoreUserGoal.Removed)
                .ToListAsync(ct)
        )
        {
            user.RequestRemoval(now);
            db.AuditEntries.Add(actor.Audit(now, "DeleteObjectStoreUser", user.Id));
        }
    }

    private async Task<ObjectStoreUser> AddAsync(PortalDb db, Actor actor, Project project, string regionId, CancellationToken ct)
    {
        var (key, now) = (BucketSecrets.Make(), clock.GetUtcNow());
        var user = new ObjectStoreUser
        {
            Id = ResourceIds.New(ObjectStoreUser.Prefix),
            AccountId = actor.AccountId,
            ProjectId = project.Id,
            RegionId = regionId,
            Name = project.Name,
            CreatedAt = now,
            AccessKeyId = key.AccessKeyId,
            SealedSecret = secrets.Project.Seal(key.Secret),
        }.Requested(now);
        db.ObjectStoreUsers.Add(user);
        var region = await db.Regions.Where(one => one.Id == regionId).Select(one => one.Name).SingleAsync(ct);
        db.AuditEntries.Add(actor.Audit(now, "CreateObjectStoreUser", user.Id, after: new { Project = project.Name, Region = region }));
        return user;
    }
}
