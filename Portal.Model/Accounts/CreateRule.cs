using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// Who may make something that costs money, as far as the account itself tells; the card and the quotas have their own rules.
/// </summary>
public static class CreateRule
{
    public const string Unconfirmed = "Confirm your e-mail address first: open the link that we sent you.";
    public const string Closing = "This account is being closed.";
    public const string Suspended = "This account is suspended. Contact support.";
    public const string SuspendedUnpaid =
        "This account is suspended: it used more that is not paid for than it may. Billing says how to go on.";

    /// <summary>Null if <paramref name="user"/> may create.</summary>
    public static Refusal? WhyMayNotCreate(Account account, User user) =>
        (account.ClosingSince, account.WhySuspended, user.EmailConfirmed) switch
        {
            (not null, _, _) => Refusal.Forbidden(Closing),
            (_, { } suspended, _) => Refusal.Forbidden(suspended),
            (_, _, false) => Refusal.Forbidden(Unconfirmed),
            _ => null,
        };

    /// <summary>The same, asked of the database as it is now.</summary>
    public static async Task<Refusal?> WhyMayNotCreateAsync(this PortalDb db, Actor actor, CancellationToken ct)
    {
        var found = await db
            .Users.Where(user => user.Id == actor.UserId && user.AccountId == actor.AccountId)
            .Join(db.Accounts, user => user.AccountId, account => account.Id, (user, account) => new { user, account })
            .AsNoTracking()
            .SingleAsync(ct);
        return WhyMayNotCreate(found.account, found.user);
    }
}
