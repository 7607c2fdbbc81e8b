using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Closing;

/// <summary>
/// Accounts that close. Any region's worker may take any of them: what it asks for is done by the workers of the regions in which it lies.
/// </summary>
public sealed class ClosingSweep(IDbContextFactory<PortalDb> dbs, Nudges nudges, TimeProvider clock, ILogger<ClosingSweep> log)
    : ResourceSweep("acc", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var closing = await db
            .Accounts.AsNoTracking()
            .Where(account => account.ClosingSince != null && account.ClosedAt == null)
            .ToListAsync(ct);
        return [.. closing.Select(account => new Unsettled(account.Id, account.Id, account.ClosingDeadline < now ? Late(account) : null))];
    }

    private static string Late(Account account) =>
        account.ClosingLeft == 0
            ? $"Nothing is left of {account.Id}, which is being closed since {account.ClosingSince:u}, but what it used cannot be counted to the end: does its object store answer?"
            : $"{account.Id} is being closed since {account.ClosingSince:u}, {account.ClosingLeft} things are left of it, and none has gone for {Account.ClosingLimit.TotalMinutes:0} minutes.";
}
