using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Volumes;

namespace Portal.Model.Shared;

/// <summary>
/// What an account has, and had, of all that can stand on a bill, by the names of today. The ledger itself keeps the names of when its
/// spans began.
/// </summary>
public static class BilledResources
{
    /// <summary>
    /// What each of <paramref name="ids"/> is called, or was called last. A stopped instance exists, and a bucket with nothing in it.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, BilledResource>> FindAsync(
        PortalDb db,
        string accountId,
        IReadOnlyCollection<string> ids,
        CancellationToken ct
    )
    {
        IQueryable<Found>[] kinds =
        [
            Of(db.Instances, accountId, ids)
                .Select(one => new Found
                {
                    Id = one.Id,
                    Name = one.Name,
                    Exists = one.State != InstanceState.Terminated,
                }),
            Of(db.Volumes, accountId, ids)
                .Select(one => new Found
                {
                    Id = one.Id,
                    Name = one.Name,
                    Exists = one.State != VolumeState.Deleted,
                }),
            Of(db.Snapshots, accountId, ids)
                .Select(one => new Found
                {
                    Id = one.Id,
                    Name = one.Name,
                    Exists = one.State != SnapshotState.Deleted,
                }),
            Of(db.Buckets, accountId, ids)
                .Select(one => new Found
                {
                    Id = one.Id,
                    Name = one.Name,
                    Exists = one.State != BucketState.Deleted,
                }),
            Of(db.PublicAddresses, accountId, ids)
                .Select(one => new Found
                {
                    Id = one.Id,
                    Name = one.Name,
                    Exists = one.ReleasedAt == null,
                }),
        ];
        return await kinds
            .Aggregate((all, kind) => all.Concat(kind))
            .ToDictionaryAsync(found => found.Id, found => new BilledResource(found.Name, found.Exists), StringComparer.Ordinal, ct);
    }

    private static IQueryable<T> Of<T>(IQueryable<T> resources, string accountId, IReadOnlyCollection<string> ids)
        where T : Resource => resources.Where(resource => resource.AccountId == accountId && ids.Contains(resource.Id));

    private sealed class Found
    {
        public required string Id { get; init; }

        public required string Name { get; init; }

        public required bool Exists { get; init; }
    }
}

/// <param name="Name">Today's; of what exists no more, its last.</param>
public sealed record BilledResource(string Name, bool Exists);
