using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// How often an account may change one kind of thing: more than any person clicks, and no more than the audit can bear, which keeps a row of
/// each change for ever. Only for changes that cost their author nothing.
/// </summary>
public static class ChangeLimit
{
    public const int MostPerMinute = 60;

    /// <summary>A sentence for the customer if <paramref name="action"/> was written down too often within the last minute, else null.</summary>
    public static async Task<string?> WhyNotNowAsync(this PortalDb db, Actor actor, string action, DateTimeOffset now, CancellationToken ct)
    {
        var minuteAgo = now.AddMinutes(-1);
        return await db.AuditEntries.CountAsync(entry => entry.AccountId == actor.AccountId && entry.At > minuteAgo && entry.Action == action, ct) >= MostPerMinute
            ? $"That is more than {MostPerMinute} changes of this kind in a minute. Wait a minute, then go on."
            : null;
    }
}
