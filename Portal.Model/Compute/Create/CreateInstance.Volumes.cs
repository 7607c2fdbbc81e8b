using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// What new instances have for disks besides their root disks. They are there before the first boot, so that its script finds them.
/// </summary>
public sealed partial class CreateInstance
{
    private static int VolumesGiB(NewInstances request) => request.Volumes.Sum(volume => volume.SizeGiB);

    private static async Task<Refusal?> WhyNotVolumesAsync(
        PortalDb db,
        Actor actor,
        string regionId,
        NewInstances request,
        CancellationToken ct
    )
    {
        var types = request.Volumes.Select(volume => volume.TypeId).Distinct(StringComparer.Ordinal).ToArray();
        if (await db.VolumeTypes.CountAsync(type => types.Contains(type.Id), ct) < types.Length)
        {
            return Refusal.NotFound(VolumeType.Unknown);
        }

        // Each under its lock, always in the same order: a deletion that comes before is seen here, one that comes after waits until the
        // volumes are made.
        foreach (
            var wanted in request
                .Volumes.Where(volume => volume.SnapshotId is not null)
                .GroupBy(volume => volume.SnapshotId!, StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
        )
        {
            var why =
                await db.LockSnapshotAsync(actor.AccountId, wanted.Key, ct) is not { } snapshot || snapshot.RegionId != regionId
                    ? Refusal.NotFound("There is no such snapshot where the instance is to be.")
                    : snapshot.WhyNotRestoreTo(wanted.Min(volume => volume.SizeGiB));
            if (why is not null)
            {
                return why;
            }
        }

        return null;
    }

    private static async Task AddVolumesAsync(
        PortalDb db,
        Actor actor,
        NewInstances request,
        IReadOnlyList<Instance> made,
        CancellationToken ct
    )
    {
        var sources = request.Volumes.Select(volume => volume.SnapshotId).OfType<string>().ToArray();
        var images = await db
            .Snapshots.Where(snapshot => snapshot.AccountId == actor.AccountId && sources.Contains(snapshot.Id))
            .ToDictionaryAsync(snapshot => snapshot.Id, snapshot => snapshot.ImageId, StringComparer.Ordinal, ct);
        foreach (var instance in made)
        {
            foreach (var (number, wish) in request.Volumes.Index())
            {
                var volume = Extra(
                        instance,
                        wish,
                        wish.SnapshotId is null ? null : images[wish.SnapshotId],
                        request.Volumes.Count > 1 ? $"{Volume.DataSuffix} {number + 1}" : Volume.DataSuffix
                    )
                    .Requested(instance.CreatedAt)
                    .For(instance, VolumeDevices.At(number), wish.DeleteOnTermination);
                instance.Volumes.Add(volume);
                db.AuditEntries.Add(CreateVolume.Audit(actor, volume));
            }
        }
    }

    private static Volume Extra(Instance instance, ExtraVolume wish, string? imageId, string suffix) =>
        new()
        {
            Id = ResourceIds.New("vol"),
            AccountId = instance.AccountId,
            Name = Volume.NameFor(instance.Name, suffix),
            CreatedAt = instance.CreatedAt,
            ProjectId = instance.ProjectId,
            RegionId = instance.RegionId,
            TypeId = wish.TypeId,
            SizeGiB = wish.SizeGiB,
            ImageId = imageId,
            SnapshotId = wish.SnapshotId,
        };
}
