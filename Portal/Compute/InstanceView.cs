using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Compute;

/// <summary>What the page of one instance shows.</summary>
/// <param name="Available">Volumes that it could be given.</param>
public sealed record InstanceView(
    Instance Instance,
    Region Region,
    string? Fingerprint,
    ResourceCost? Cost,
    IReadOnlyList<Volume> Available,
    IReadOnlyList<AuditEntry> Events
)
{
    private const int MaxEvents = 200;

    /// <summary>What leads to it besides its SSH port.</summary>
    public IReadOnlyList<PublicAddress> Addresses { get; init; } = [];

    /// <summary>The image of the account's own that its root disk began as; null if it did not.</summary>
    public PrivateImage? OwnImage { get; init; }

    /// <summary>When its root disk is backed up, as a sentence; null if it is not.</summary>
    public string? BackedUp { get; init; }

    public Volume? Root => Instance.Volumes.FirstOrDefault(volume => volume.IsRoot);

    /// <summary>Null if the account has no such instance.</summary>
    public static async Task<InstanceView?> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        string id,
        bool events,
        bool volumes,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var instance = await db
            .Instances.AsNoTracking()
            .Include(instance => instance.Image)
            .Include(instance => instance.Volumes)
            .FirstOrDefaultAsync(instance => instance.AccountId == actor.AccountId && instance.Id == id, ct);
        List<PublicAddress> addresses = instance is null
            ? []
            : await db
                .PublicAddresses.AsNoTracking()
                .Where(address =>
                    db.NetworkInterfaces.Any(networkInterface =>
                        networkInterface.Id == address.InterfaceId && networkInterface.InstanceId == instance.Id
                    )
                )
                .OrderBy(address => address.CreatedAt)
                .ToListAsync(ct);
        return instance is null
            ? null
            : new InstanceView(
                instance,
                await db.Regions.AsNoTracking().SingleAsync(region => region.Id == instance.RegionId, ct),
                instance.PublicKey is null ? null : SshPublicKey.Parse(instance.PublicKey).Value?.Fingerprint,
                await ResourceCost.OfAsync(
                    db,
                    prices,
                    actor.AccountId,
                    [id, .. instance.Volumes.Select(volume => volume.Id), .. addresses.Select(address => address.Id)],
                    now,
                    ct
                ),
                !volumes
                    ? []
                    : await db
                        .Volumes.AsNoTracking()
                        .Where(volume =>
                            volume.AccountId == actor.AccountId
                            && volume.RegionId == instance.RegionId
                            && volume.State == VolumeState.Available
                            && volume.Goal == VolumeGoal.Available
                            && volume.InstanceId == null
                        )
                        .OrderBy(volume => volume.Name)
                        .ThenBy(volume => volume.Id)
                        .ToListAsync(ct),
                !events
                    ? []
                    : await db
                        .AuditEntries.AsNoTracking()
                        .Where(row => row.AccountId == actor.AccountId && row.ResourceId == id)
                        .OrderByDescending(row => row.At)
                        .ThenByDescending(row => row.Id)
                        .Take(MaxEvents)
                        .ToListAsync(ct)
            )
            {
                OwnImage = await db
                    .PrivateImages.AsNoTracking()
                    .FirstOrDefaultAsync(
                        image =>
                            image.AccountId == actor.AccountId
                            && db.Volumes.Any(volume => volume.InstanceId == id && volume.IsRoot && volume.SnapshotId == image.SnapshotId),
                        ct
                    ),
                BackedUp = (
                    await db
                        .BackupSchedules.AsNoTracking()
                        .FirstOrDefaultAsync(
                            schedule =>
                                schedule.AccountId == actor.AccountId
                                && db.Volumes.Any(volume => volume.Id == schedule.VolumeId && volume.InstanceId == id && volume.IsRoot),
                            ct
                        )
                )
                    ?.Times
                    .Sentence,
                Addresses = addresses,
            };
    }
}
