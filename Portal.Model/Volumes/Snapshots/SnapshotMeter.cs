using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>
/// What a snapshot costs: what it takes, and not the size of its volume, from the moment it is complete until it is gone.
/// </summary>
public static class SnapshotMeter
{
    public static Task RecordAsync(PortalDb db, Snapshot snapshot, DateTimeOffset now, CancellationToken ct) =>
        Meter.RecordAsync(db, snapshot, snapshot.StoredMiB > 0 ? [(Skus.Snapshot, GiB(snapshot.StoredMiB))] : [], now, ct);

    /// <summary>As the ledger keeps it: with six digits.</summary>
    public static decimal GiB(int storedMiB) => decimal.Round(storedMiB / 1024m, 6);
}
