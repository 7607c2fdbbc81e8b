using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>
/// An operator's word that a restored Portal was compared with the engines and with Stripe: from then on it charges again.
/// </summary>
public sealed class Reconciliation(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    [OperatorVerb(OperatorRole.Admin)]
    public async Task<Outcome> RunAsync(Actor actor, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Admin, now, ct) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await Restoration.FindAsync(db, ct) is { } restored && await Restoration.EndAsync(db, now, ct))
        {
            db.Add(
                actor.Audit(now, "Reconcile", Restoration.ResourceId, new { RestoredFrom = restored.OpenedAt }, new { ReconciledAt = now })
            );
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }
}
