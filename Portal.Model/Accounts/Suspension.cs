using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// Suspends an account and ends that, in the caller's transaction, which holds the lock on the account's row. From the commit on nothing
/// begins in it; what runs is stopped by the workers of its regions, and its users of object stores by those of its stores, from what
/// stands in the rows: so whoever is killed on the way is made up for. People can sign in again and read why.
/// </summary>
public static class Suspension
{
    public static async Task<Outcome> SuspendAsync(
        PortalDb db,
        Account account,
        SuspensionReason reason,
        string? link,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (await db.Users.AnyAsync(user => user.AccountId == account.Id && user.Role != null, ct))
        {
            return Refusal.State("An operator of Portal signs in with this account, and an operator's account is not suspended.");
        }

        var before = new { account.Status, For = account.SuspendedFor?.ToString() };
        if (account.Suspend(reason, now) is { IsDone: false } refused)
        {
            return refused;
        }

        db.AuditEntries.Add(
            Actor
                .Portal(account.Id)
                .Audit(now, "SuspendAccount", account.Id, before, new { account.Status, For = account.SuspendedFor?.ToString() })
        );
        await TellAsync(
            db,
            account,
            "Your Portal account is suspended",
            $"{account.WhySuspended} Your instances are shut down and your buckets are closed. Nothing is deleted.",
            link,
            "You can sign in and see everything. When the suspension ends, what it stopped starts again.",
            now,
            ct
        );
        return Outcome.Done;
    }

    public static async Task<Outcome> ResumeAsync(PortalDb db, Account account, string? link, DateTimeOffset now, CancellationToken ct)
    {
        var before = new { account.Status, For = account.SuspendedFor?.ToString() };
        if (account.Resume() is { IsDone: false } refused)
        {
            return refused;
        }

        db.AuditEntries.Add(Actor.Portal(account.Id).Audit(now, "ResumeAccount", account.Id, before, new { account.Status }));
        await TellAsync(
            db,
            account,
            "Your Portal account is active again",
            "The suspension of your Portal account has ended. The instances that it stopped start again, and your buckets are open.",
            link,
            "What you had stopped yourself stays off.",
            now,
            ct
        );
        return Outcome.Done;
    }

    /// <summary>A mail to everybody of the account whose address is confirmed.</summary>
    public static async Task TellAsync(
        PortalDb db,
        Account account,
        string subject,
        string opening,
        string? link,
        string closing,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        foreach (
            var user in await db
                .Users.AsNoTracking()
                .Where(user => user.AccountId == account.Id && user.EmailConfirmed)
                .OrderBy(user => user.CreatedAt)
                .ToListAsync(ct)
        )
        {
            db.Mails.Add(Mail.Write(account.Id, user.Email!, subject, opening, link is null ? null : ("Open billing", link), closing, now));
        }
    }
}
