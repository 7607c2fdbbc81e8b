using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>Somebody, and whether there is more than a password to sign in with.</summary>
public sealed class FactorOf
{
    public required User User { get; init; }

    /// <summary>An authenticator app or a passkey.</summary>
    public required bool HasFactor { get; init; }

    /// <summary>The password is one that Portal made: <see cref="FirstPassword"/>.</summary>
    public required bool HasFirstPassword { get; init; }
}

public static class SecondFactors
{
    /// <summary>Everybody, to join and to filter: what is a second factor is said here and nowhere else.</summary>
    public static IQueryable<FactorOf> WithFactor(this PortalDb db)
    {
        var first = FirstPassword.Marks(db);
        return db
            .Users.AsNoTracking()
            .Select(user => new FactorOf
            {
                User = user,
                HasFactor = user.TwoFactorEnabled || db.UserPasskeys.Any(passkey => passkey.UserId == user.Id),
                HasFirstPassword = first.Any(token => token.UserId == user.Id),
            });
    }
}
