using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Closing;

/// <summary>All that an account has, and that goes when it is closed.</summary>
/// <param name="Snapshots">Without those that are an image's.</param>
/// <param name="StoreUsers">What stands for the account in object stores; goes after the buckets.</param>
/// <param name="Protected">Instances that are protected from termination, by name.</param>
public sealed record AccountContents(
    int Instances,
    int Volumes,
    int Snapshots,
    int Images,
    int Backups,
    int Buckets,
    long Objects,
    long Bytes,
    int AccessKeys,
    int StoreUsers,
    int Networks,
    int Addresses,
    int KeyPairs,
    int Alerts,
    IReadOnlyList<(string Id, string Name)> Protected
)
{
    private const int MostNamed = 5;

    /// <summary>
    /// Zero once all is gone. An object counts as well as the bucket that it is in: a large one is progress as it becomes smaller.
    /// </summary>
    public long Left =>
        Instances
        + Volumes
        + Snapshots
        + Images
        + Backups
        + Buckets
        + Objects
        + AccessKeys
        + StoreUsers
        + Networks
        + Addresses
        + KeyPairs
        + Alerts;

    /// <summary>Why its owner cannot close the account yet; null if he can.</summary>
    public string? WhyNot =>
        Protected.Count == 0
            ? null
            : $"{Names()} {(Protected.Count == 1 ? "is" : "are")} protected from termination: turn that off in {(Protected.Count == 1 ? "its" : "their")} settings first.";

    public static async Task<AccountContents> OfAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var buckets = db.Buckets.Where(bucket => bucket.AccountId == accountId && bucket.State != BucketState.Deleted);
        var instances = db.Instances.Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated);
        var kept = await instances
            .Where(instance => instance.IsProtected && instance.Goal != InstanceGoal.Terminated)
            .OrderBy(instance => instance.Name)
            .Select(instance => new { instance.Id, instance.Name })
            .ToListAsync(ct);
        return new AccountContents(
            await instances.CountAsync(ct),
            await db.Volumes.CountAsync(volume => volume.AccountId == accountId && volume.State != VolumeState.Deleted, ct),
            await db.Snapshots.CountAsync(
                snapshot => snapshot.AccountId == accountId && snapshot.State != SnapshotState.Deleted && snapshot.PrivateImageId == null,
                ct
            ),
            await db.PrivateImages.CountAsync(image => image.AccountId == accountId && image.Snapshot.State != SnapshotState.Deleted, ct),
            await db.BackupSchedules.CountAsync(schedule => schedule.AccountId == accountId, ct),
            await buckets.CountAsync(ct),
            await buckets.SumAsync(bucket => bucket.Objects, ct),
            await buckets.SumAsync(bucket => bucket.Bytes, ct),
            await db.AccessKeys.CountAsync(key => key.AccountId == accountId && key.State != AccessKeyState.Revoked, ct),
            await db.ObjectStoreUsers.CountAsync(user => user.AccountId == accountId && user.State != ObjectStoreUserState.Removed, ct),
            await db.Networks.CountAsync(network => network.AccountId == accountId && network.DeletedAt == null, ct),
            await db.PublicAddresses.CountAsync(address => address.AccountId == accountId, ct),
            await db.KeyPairs.CountAsync(key => key.AccountId == accountId, ct),
            await db.AlertRules.CountAsync(rule => rule.AccountId == accountId, ct),
            [.. kept.Select(instance => (instance.Id, instance.Name))]
        );
    }

    private string Names()
    {
        string[] names = [.. Protected.Take(MostNamed).Select(instance => instance.Name)];
        return Protected.Count > MostNamed ? $"{string.Join(", ", names)} and {Protected.Count - MostNamed} more"
            : names.Length == 1 ? names[0]
            : $"{string.Join(", ", names[..^1])} and {names[^1]}";
    }
}
