using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// Takes out of the audit what tells of the people of an account; what was done, and by whose id, stays. Only the database's owner may.
/// </summary>
public static class AuditErasure
{
    /// <returns>How many entries told of somebody.</returns>
    public static async Task<int> RunAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var erased = await db.AuditPersons.Where(person => person.AccountId == accountId).ExecuteDeleteAsync(ct);
        db.AuditEntries.Add(Actor.Portal(accountId).Audit(now, "EraseAudit", accountId, after: new { Entries = erased }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return erased;
    }
}
