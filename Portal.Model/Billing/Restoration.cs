using Microsoft.EntityFrameworkCore;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// The database came back from a backup and knows nothing of what happened after it. Until an operator has compared it with the engines and
/// with Stripe and says so, nobody's card is asked for anything, nobody is held to what is unpaid, and what the ledger takes down is
/// provisional: the time between the backup and that word costs nobody anything (docs/decisions/restoring.md). The row that says so is an
/// open incident, since the moment of the backup.
/// </summary>
public static class Restoration
{
    public const string Kind = "restored";

    /// <summary>It is the whole of Portal that came back.</summary>
    public const string ResourceId = "portal";

    /// <summary>Why no card can be added meanwhile: to check one is an authorization at its bank.</summary>
    public const string NoCards =
        "Cards cannot be added just now: Portal was restored from a backup, and its books are being checked. Nothing is charged meanwhile. Try again later.";

    /// <summary>It was restored and not yet reconciled.</summary>
    public static Task<bool> IsUnreconciledAsync(this PortalDb db, CancellationToken ct) => Open(db).AnyAsync(ct);

    /// <summary>The incident that says so; null if nothing was restored, or all was reconciled.</summary>
    public static Task<Incident?> FindAsync(PortalDb db, CancellationToken ct) => Open(db).AsNoTracking().SingleOrDefaultAsync(ct);

    /// <summary>
    /// Marks a database that was just restored, before anything runs with it: what is open in the ledger ends with the backup and goes on
    /// provisionally, and all sign in anew, since sessions that were ended meanwhile have come back too. Can be said again.
    /// </summary>
    /// <param name="taken">When the backup was made.</param>
    public static async Task BeginAsync(PortalDb db, DateTimeOffset taken, DateTimeOffset now, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.IsUnreconciledAsync(ct))
        {
            return;
        }

        db.Incidents.Add(
            new Incident
            {
                ResourceId = ResourceId,
                Kind = Kind,
                Message =
                    "Portal was restored from a backup of that time. Nothing is charged until an operator says that it was reconciled.",
                OpenedAt = taken,
            }
        );
        await db.SaveChangesAsync(ct);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "UsageSpans" ("AccountId", "ResourceId", "ResourceName", "Sku", "Quantity", "From", "To")
            SELECT "AccountId", "ResourceId", "ResourceName", "Sku", "Quantity", "From", {taken}
            FROM "UsageSpans" WHERE "To" IS NULL AND "From" < {taken}
            """,
            ct
        );
        await db
            .UsageSpans.Where(span => span.To == null && span.From < taken)
            .ExecuteUpdateAsync(set => set.SetProperty(span => span.From, taken), ct);
        await db
            .Sessions.Where(session => session.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>
    /// It was reconciled: what goes on costs from now on, and what was used since the backup nothing. In the caller's transaction.
    /// </summary>
    /// <returns>False if that was said already.</returns>
    public static Task<bool> EndAsync(PortalDb db, DateTimeOffset now, CancellationToken ct) =>
        db.Database.SqlQuery<bool>($"""SELECT portal_reconcile({now}) AS "Value" """).SingleAsync(ct);

    private static IQueryable<Incident> Open(PortalDb db) =>
        db.Incidents.Where(incident => incident.Kind == Kind && incident.ResourceId == ResourceId && incident.ClosedAt == null);
}
