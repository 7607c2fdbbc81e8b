using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// What comes of an operator's word that somebody's second factor is lost (<see cref="FactorRemoval"/>): whoever still has it keeps it, by
/// signing in with it, by showing it or setting up another while signed in, or by the mail's link; else the next new password by mail takes
/// it away.
/// </summary>
public sealed class LostFactor(
    PortalDb db,
    UserManager<User> users,
    UndoChange undo,
    SecurityEvents events,
    IHttpContextAccessor accessor,
    TimeProvider clock
)
{
    private const string Useless = "This link is too old or was used already, or the second factor was not to be removed any more.";

    /// <summary>By the mail's link.</summary>
    public async Task<Outcome> KeepAsync(string? secret)
    {
        var (http, key, now) = (accessor.HttpContext!, SignInChange.KeyOf(secret ?? ""), clock.GetUtcNow());
        var ct = http.RequestAborted;
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var removal = await db.FactorRemovals.AsNoTracking().SingleOrDefaultAsync(removal => removal.KeepKey == key, ct);
        if (
            removal?.Stands(now) is not true
            || await db.Users.FindAsync([removal.UserId], ct) is not { } user
            || !await KeepAsync(user, http.Connection.RemoteIpAddress, ct)
        )
        {
            return Refusal.NotFound(Useless);
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <summary>It is not lost: somebody who is signed in has just shown it.</summary>
    public async Task KeepShownAsync(User user, IPAddress? from, CancellationToken ct)
    {
        await using var own = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(ct) : null;
        if (await KeepAsync(user, from, ct))
        {
            await db.SaveChangesAsync(ct);
        }

        await (own?.CommitAsync(ct) ?? Task.CompletedTask);
    }

    /// <summary>It is not lost: somebody just signed in with it, or says so. The caller saves, in a transaction.</summary>
    /// <returns>Whether it was to be removed.</returns>
    public async Task<bool> KeepAsync(User user, IPAddress? from, CancellationToken ct)
    {
        if (!await EndAsync(user, clock.GetUtcNow(), ct))
        {
            return false;
        }

        db.Add(events.Write(new Actor(user.AccountId, user.Id, user.Email!, from), SecurityEvent.KeepSecondFactor));
        return true;
    }

    /// <summary>
    /// Somebody who reads the mailbox has just chosen a new password, all sessions have ended, and the time to object is over. The caller
    /// saves, in a transaction.
    /// </summary>
    /// <returns>By what the mail that tells of it can take it back; null if nothing was removed.</returns>
    public async Task<string?> RemoveAsync(User user, IPAddress? from, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (
            user.IsOperator
            || !user.TwoFactorEnabled
            || (await StandingAsync(user, ct))?.IsDue(now) is not true
            || !await EndAsync(user, now, ct)
        )
        {
            return null;
        }

        var secret = await undo.KeepAsync(user);
        await users.SetTwoFactorEnabledAsync(user, false);
        await users.ResetAuthenticatorKeyAsync(user);
        await users.GenerateNewTwoFactorRecoveryCodesAsync(user, 0);
        db.Add(events.Write(new Actor(user.AccountId, user.Id, user.Email!, from), SecurityEvent.RemoveLostSecondFactor));
        return secret;
    }

    private Task<FactorRemoval?> StandingAsync(User user, CancellationToken ct) =>
        db.FactorRemovals.AsNoTracking().SingleOrDefaultAsync(removal => removal.UserId == user.Id && removal.EndedAt == null, ct);

    /// <summary>Once, whoever else does so in this moment.</summary>
    private async Task<bool> EndAsync(User user, DateTimeOffset now, CancellationToken ct) =>
        await db
            .FactorRemovals.Where(removal => removal.UserId == user.Id && removal.EndedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(removal => removal.EndedAt, now), ct) > 0;
}
