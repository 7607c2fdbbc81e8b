using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Volumes;

namespace Portal.Model.Shared;

/// <summary>
/// What an account has at this moment of all that can stand on a bill. The ledger itself keeps the names of when its spans began.
/// </summary>
public static class LivingResources
{
    /// <summary>
    /// The name of each of <paramref name="ids"/> that still exists; a stopped instance does, and a bucket with nothing in it.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, string>> NamesAsync(
        PortalDb db,
        string accountId,
        IReadOnlyCollection<string> ids,
        CancellationToken ct
    )
    {
        IQueryable<Named>[] kinds =
        [
            Of(db.Instances.Where(instance => instance.State != InstanceState.Terminated), accountId, ids),
            Of(db.Volumes.Where(volume => volume.State != VolumeState.Deleted), accountId, ids),
            Of(db.Snapshots.Where(snapshot => snapshot.State != SnapshotState.Deleted), accountId, ids),
            Of(db.Buckets.Where(bucket => bucket.State != BucketState.Deleted), accountId, ids),
            Of(db.PublicAddresses.Where(address => address.ReleasedAt == null), accountId, ids),
        ];
        return await kinds
            .Aggregate((all, kind) => all.Concat(kind))
            .ToDictionaryAsync(resource => resource.Id, resource => resource.Name, StringComparer.Ordinal, ct);
    }

    private static IQueryable<Named> Of(IQueryable<Resource> resources, string accountId, IReadOnlyCollection<string> ids) =>
        resources
            .Where(resource => resource.AccountId == accountId && ids.Contains(resource.Id))
            .Select(resource => new Named { Id = resource.Id, Name = resource.Name });

    private sealed class Named
    {
        public required string Id { get; init; }

        public required string Name { get; init; }
    }
}
