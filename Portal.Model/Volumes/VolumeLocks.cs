using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Rows locked until the transaction ends; as elsewhere account before region before instances before volumes.</summary>
internal static class VolumeLocks
{
    /// <summary>Those of the account's volumes, in a fixed order; what is not the account's is not there.</summary>
    public static Task<List<Volume>> LockVolumesAsync(this PortalDb db, string accountId, string[] ids, CancellationToken ct) =>
        db
            .Volumes.FromSql(
                $"""
                SELECT v.*, v.xmin FROM "Volumes" v WHERE v."AccountId" = {accountId} AND v."Id" = ANY({ids}) ORDER BY v."Id" FOR NO KEY UPDATE
                """
            )
            .ToListAsync(ct);

    /// <summary>Null if the account has no such snapshot. After volumes.</summary>
    public static Task<Snapshot?> LockSnapshotAsync(this PortalDb db, string accountId, string id, CancellationToken ct) =>
        db
            .Snapshots.FromSql(
                $"""SELECT s.*, s.xmin FROM "Snapshots" s WHERE s."AccountId" = {accountId} AND s."Id" = {id} FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);
}
