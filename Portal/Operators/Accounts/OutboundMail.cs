using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>
/// Lets an account's instances deliver mail to other servers, or no longer. Nobody may at first: one customer's spam makes the addresses of
/// all of them unwelcome everywhere.
/// </summary>
public sealed class OutboundMail(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    private const int Most = 200;

    /// <summary>The accounts that may, the latest first.</summary>
    public async Task<IReadOnlyList<Account>> ListAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db
            .Accounts.AsNoTracking()
            .Where(account => account.MailAllowedAt != null)
            .OrderByDescending(account => account.MailAllowedAt)
            .Take(Most)
            .ToListAsync(ct);
    }

    /// <param name="named">The account's id, or the address with which one of its people signs in.</param>
    [OperatorVerb(OperatorRole.Infrastructure)]
    public async Task<Outcome> SetAsync(Actor actor, string named, bool allowed, CancellationToken ct)
    {
        var (key, email) = (named.Trim(), new MailboxNames().NormalizeEmail(named)!);
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Infrastructure, now, ct) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var id =
            await db
                .Users.Where(user => user.NormalizedEmail == email && user.EmailConfirmed)
                .Select(user => user.AccountId)
                .SingleOrDefaultAsync(ct)
            ?? key;
        DateTimeOffset? at = allowed ? now : null;
        if (
            await db
                .Accounts.Where(account => account.Id == id && account.ClosingSince == null && account.MailAllowedAt == null == allowed)
                .ExecuteUpdateAsync(row => row.SetProperty(account => account.MailAllowedAt, at), ct) == 0
        )
        {
            return await db.Accounts.AnyAsync(account => account.Id == id && account.ClosingSince == null, ct)
                ? Outcome.Done
                : Refusal.NotFound("There is no such account.");
        }

        // The engine follows, network by network.
        await db
            .Networks.Where(network => network.AccountId == id && network.DeletedAt == null)
            .ExecuteUpdateAsync(
                row =>
                    row.SetProperty(network => network.Generation, network => network.Generation + 1)
                        .SetProperty(network => network.ChangedAt, now),
                ct
            );
        db.Add(actor.Audit(now, allowed ? "AllowOutboundMail" : "DenyOutboundMail", id, new { Mail = !allowed }, new { Mail = allowed }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }
}
