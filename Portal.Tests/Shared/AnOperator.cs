using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>Somebody who acts as an operator, signed in just now, for tests of verbs.</summary>
public static class AnOperator
{
    /// <param name="role">Null for somebody who is none.</param>
    public static async Task<Actor> AddAsync(IDbContextFactory<PortalDb> dbs, OperatorRole? role, DateTimeOffset? at = null)
    {
        await using var db = await dbs.CreateDbContextAsync();
        var (account, now) = ((await Tenant.AddAsync(db)).Account, at ?? TimeProvider.System.GetUtcNow());
        var email = $"{account.Id}@example.com";
        var user = new User
        {
            Id = Guid.NewGuid(),
            AccountId = account.Id,
            UserName = email,
            Email = email,
            EmailConfirmed = true,
            CreatedAt = now,
            Role = role,
            TwoFactorEnabled = true,
        };
        var session = new Session
        {
            Id = Guid.NewGuid(),
            UserId = user.Id,
            AccountId = account.Id,
            CreatedAt = now,
            LastSeenAt = now,
            EndsAt = now.AddHours(1),
            ProvenAt = now,
            FactorAt = now,
        };
        db.AddRange(user, session);
        await db.SaveChangesAsync();
        return new Actor(account.Id, user.Id, email, IPAddress.Loopback)
        {
            SessionId = session.Id,
            ProvenAt = now,
            FactorAt = now,
        };
    }
}
