using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>What a volume costs: each GiB that it has, from the moment it is there until it is gone.</summary>
public static class VolumeMeter
{
    public static Task RecordAsync(PortalDb db, Volume volume, DateTimeOffset now, CancellationToken ct) =>
        Meter.RecordAsync(db, volume, volume.MadeGiB > 0 ? [(Skus.Volume(volume.TypeId), volume.MadeGiB)] : [], now, ct);
}
