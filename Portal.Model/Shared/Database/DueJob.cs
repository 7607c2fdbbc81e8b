using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;

namespace Portal.Model.Shared;

/// <summary>A job that has something to do for one resource.</summary>
/// <param name="Job">The kind's interface, by which the queue finds the class that does it.</param>
/// <param name="Queue">The region whose worker does it, or <see cref="AnyRegion"/>.</param>
public sealed record DueJob(Type Job, string Queue, string Id)
{
    private const string AnyRegion = "default";

    /// <summary>
    /// Those of what a context is about to save. A backup is none: its hour makes it due, and no change. What is written past the context
    /// (by ExecuteUpdate) is left to the sweep.
    /// </summary>
    public static IReadOnlyList<DueJob> In(PortalDb db, DateTimeOffset now) =>
        [
            .. db
                .ChangeTracker.Entries()
                .Where(entry => entry.State is EntityState.Added or EntityState.Modified)
                .Select(entry => Of(db, entry.Entity, now))
                .OfType<DueJob>(),
        ];

    private static DueJob? Of(PortalDb db, object changed, DateTimeOffset now) =>
        changed switch
        {
            Instance { IsUnsettled: true } instance => new(typeof(IInstanceJob), instance.RegionId, instance.Id),
            GuestRequest { IsUnsettled: true } request => new(typeof(IGuestRequestJob), request.RegionId, request.Id),
            Volume { IsUnsettled: true } volume when !IsMadeWithInstance(db, volume) => new(typeof(IVolumeJob), volume.RegionId, volume.Id),
            Snapshot { IsUnsettled: true } snapshot => new(typeof(ISnapshotJob), snapshot.RegionId, snapshot.Id),
            Network { IsUnsettled: true } network => new(typeof(INetworkJob), network.RegionId, network.Id),
            NetworkInterface { IsUnsettled: true } one when RegionOf(db, one) is { } region => new(typeof(IInterfaceJob), region, one.Id),
            ObjectStoreUser { IsAsked: true } user => new(typeof(IObjectStoreUserJob), user.RegionId, user.Id),
            Bucket { IsUnsettled: true } bucket => new(typeof(IBucketJob), bucket.RegionId, bucket.Id),
            ObjectOperation { IsUnsettled: true } operation => new(typeof(IObjectOperationJob), operation.RegionId, operation.Id),
            AccessKey key when key.IsUnsettled(now) => new(typeof(IAccessKeyJob), key.RegionId, key.Id),
            Account { IsClosing: true } account => new(typeof(IClosingJob), AnyRegion, account.Id),
            _ => null,
        };

    /// <summary>Its instance's job makes it, so that it is there before the boot.</summary>
    private static bool IsMadeWithInstance(PortalDb db, Volume volume) =>
        volume.InstanceId is not null && db.Instances.Local.FindEntry(volume.InstanceId)?.State is EntityState.Added;

    /// <summary>Whoever changes an interface holds its network.</summary>
    private static string? RegionOf(PortalDb db, NetworkInterface networkInterface) =>
        db.Networks.Local.FindEntry(networkInterface.NetworkId)?.Entity.RegionId;
}
