using Microsoft.EntityFrameworkCore;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// Rows locked until the transaction ends. NO KEY: what only refers to the row (an audit entry, a sign-in) does not wait.
/// Always account before region before instances before networks, so that nobody waits in a circle.
/// </summary>
public static class ComputeLocks
{
    public static Task<Region> LockRegionAsync(this PortalDb db, string id, CancellationToken ct) =>
        db.Regions.FromSql($"""SELECT r.*, r.xmin FROM "Regions" r WHERE r."Id" = {id} FOR NO KEY UPDATE""").SingleAsync(ct);

    /// <summary>Those of the account's instances, in a fixed order; what is not the account's is not there.</summary>
    public static Task<List<Instance>> LockInstancesAsync(this PortalDb db, string accountId, string[] ids, CancellationToken ct) =>
        db
            .Instances.FromSql(
                $"""
                SELECT i.*, i.xmin FROM "Instances" i WHERE i."AccountId" = {accountId} AND i."Id" = ANY({ids}) ORDER BY i."Id" FOR NO KEY UPDATE
                """
            )
            .ToListAsync(ct);
}
