using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

public static class AccountLock
{
    /// <summary>It is closed, or on its way there: nothing new comes into it.</summary>
    public static Task<bool> IsClosingAsync(this PortalDb db, string id, CancellationToken ct) =>
        db.Accounts.AnyAsync(account => account.Id == id && account.ClosingSince != null, ct);

    /// <summary>
    /// The account's row, locked until the transaction ends: requests that take from its quotas queue up here. NO KEY: what only refers to
    /// the row (an audit entry, a sign-in) does not wait.
    /// </summary>
    public static Task<Account> LockAccountAsync(this PortalDb db, string id, CancellationToken ct) =>
        db.Accounts.FromSql($"""SELECT a.*, a.xmin FROM "Accounts" a WHERE a."Id" = {id} FOR NO KEY UPDATE""").SingleAsync(ct);
}
