using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>An operator as an Admin sees one.</summary>
/// <param name="Factor">In words; null without one.</param>
/// <param name="Sessions">That stand now.</param>
public sealed record TeamMember(Guid Id, string Email, OperatorRole Role, string? Factor, int Sessions, DateTimeOffset? SeenAt);

/// <summary>Who the operators are: their roles, and their sessions to end.</summary>
public sealed class OperatorTeam(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public const string LastAdmin = "This is the last Admin: make somebody else one first.";

    private const string Nobody = "There is no such operator.";

    public async Task<IReadOnlyList<TeamMember>> ListAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var users = await db
            .Users.AsNoTracking()
            .Where(user => user.Role != null)
            .OrderBy(user => user.Email)
            .Select(user => new
            {
                user.Id,
                user.Email,
                user.Role,
                user.TwoFactorEnabled,
                Passkeys = db.UserPasskeys.Count(passkey => passkey.UserId == user.Id),
            })
            .ToListAsync(ct);
        var ids = users.ConvertAll(user => user.Id);
        var seen = await db
            .Sessions.Where(session => ids.Contains(session.UserId))
            .GroupBy(session => session.UserId)
            .Select(group => new { group.Key, At = group.Max(session => session.LastSeenAt) })
            .ToDictionaryAsync(one => one.Key, one => one.At, ct);
        var open = (
            await db
                .Sessions.AsNoTracking()
                .Where(session => ids.Contains(session.UserId) && session.RevokedAt == null && session.EndsAt > now)
                .ToListAsync(ct)
        )
            .Where(session => session.Stands(now))
            .GroupBy(session => session.UserId)
            .ToDictionary(group => group.Key, group => group.Count());
        return users.ConvertAll(user => new TeamMember(
            user.Id,
            MailDomain.Shown(user.Email!),
            user.Role!.Value,
            FactorOf(user.TwoFactorEnabled, user.Passkeys),
            open.GetValueOrDefault(user.Id),
            seen.TryGetValue(user.Id, out var at) ? at : null
        ));
    }

    /// <summary>Signs an operator out everywhere.</summary>
    [OperatorVerb(OperatorRole.Admin)]
    public async Task<Outcome> EndSessionsAsync(Actor actor, Guid userId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Admin, now, ct) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await db.Users.AnyAsync(user => user.Id == userId && user.Role != null, ct))
        {
            return Refusal.NotFound(Nobody);
        }

        await db.KnownDevices.Where(device => device.UserId == userId).ExecuteDeleteAsync(ct);
        var ended = await db
            .Sessions.Where(session => session.UserId == userId && session.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
        db.Add(actor.Audit(now, "RevokeOperatorSessions", userId.ToString(), after: new { Ended = ended }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    /// <param name="role">Null takes the console away; the person stays a customer.</param>
    [OperatorVerb(OperatorRole.Admin)]
    public async Task<Outcome> SetRoleAsync(Actor actor, Guid userId, OperatorRole? role, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);

        // Two Admins who take it from each other at once queue up here, and the second is one no more when it is asked.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('operators', 0))", ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Admin, now, ct) is { } refusal)
        {
            return refusal;
        }

        var before = await db.Users.Where(user => user.Id == userId).Select(user => user.Role).SingleOrDefaultAsync(ct);
        if (before is null)
        {
            return Refusal.NotFound(Nobody);
        }

        if (
            before is OperatorRole.Admin
            && role is not OperatorRole.Admin
            && await db.Users.CountAsync(user => user.Role == OperatorRole.Admin, ct) < 2
        )
        {
            return Refusal.State(LastAdmin);
        }

        await db.Users.Where(user => user.Id == userId).ExecuteUpdateAsync(set => set.SetProperty(user => user.Role, role), ct);
        db.Add(actor.Audit(now, "SetOperatorRole", userId.ToString(), new { Role = before.ToString() }, new { Role = role?.ToString() }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    private static string? FactorOf(bool hasApp, int passkeys) =>
        (hasApp, passkeys) switch
        {
            (true, > 0) => "app and passkey",
            (true, _) => "app",
            (_, > 0) => "passkey",
            _ => null,
        };
}
