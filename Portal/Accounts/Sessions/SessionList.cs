using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// A person's sessions: to look at, and to end. A revoked one is refused at its next request, and its circuits are told; its browser is
/// known no more.
/// </summary>
public sealed class SessionList(PortalDb db, SecurityEvents events, TimeProvider clock)
{
    public async Task<IReadOnlyList<Session>> StandingAsync(Guid userId, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var open = await db
            .Sessions.AsNoTracking()
            .Where(session =>
                session.UserId == userId
                && session.RevokedAt == null
                && session.EndsAt > now
                && !db.Accounts.Any(account => account.Id == session.AccountId && account.SessionsEndedAt >= session.CreatedAt)
            )
            .OrderByDescending(session => session.LastSeenAt)
            .ToListAsync(ct);
        return open.FindAll(session => session.Stands(now));
    }

    /// <returns>Whether this person has such a session.</returns>
    public async Task<bool> RevokeAsync(Actor actor, Guid id, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var revoked = await db
            .Sessions.Where(session => session.UserId == actor.UserId && session.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, session => session.RevokedAt ?? now), ct);
        if (revoked > 0)
        {
            await db
                .KnownDevices.Where(device => db.Sessions.Any(session => session.Id == id && session.DeviceId == device.Id))
                .ExecuteDeleteAsync(ct);
            db.Add(events.Write(actor, SecurityEvent.RevokeSession, id.ToString()));
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return revoked > 0;
    }

    /// <summary>
    /// Ends all sessions of a user but one, and forgets the browsers of all others. The caller writes the audit row, since it is part of
    /// something larger.
    /// </summary>
    public async Task<int> RevokeAllAsync(Guid userId, Guid? except, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await db
            .KnownDevices.Where(device =>
                device.UserId == userId && !db.Sessions.Any(session => session.Id == except && session.DeviceId == device.Id)
            )
            .ExecuteDeleteAsync(ct);
        return await db
            .Sessions.Where(session => session.UserId == userId && session.RevokedAt == null && session.Id != except)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
    }
}
