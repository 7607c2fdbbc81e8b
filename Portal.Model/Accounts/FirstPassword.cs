using System.Globalization;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// A password that Portal made for an operator and told once: whoever was told it, or reads it later in a terminal's history, must not have
/// the console. It signs in for a few days, to choose another; nothing of the console opens before that.
/// </summary>
public static class FirstPassword
{
    public static readonly TimeSpan GoodFor = TimeSpan.FromDays(3);

    /// <summary>Of the row that marks it, among those that Identity keeps for a person.</summary>
    public const string Provider = "Portal",
        Name = "FirstPassword";

    /// <summary>The person's password is one from now on. The caller saves.</summary>
    public static async Task MarkAsync(PortalDb db, Guid userId, DateTimeOffset now, CancellationToken ct)
    {
        await ForgetAsync(db, userId, ct);
        db.UserTokens.Add(
            new IdentityUserToken<Guid>
            {
                UserId = userId,
                LoginProvider = Provider,
                Name = Name,
                Value = now.ToString("O", CultureInfo.InvariantCulture),
            }
        );
    }

    /// <summary>The person has chosen another.</summary>
    public static Task ForgetAsync(PortalDb db, Guid userId, CancellationToken ct) => Of(db, userId).ExecuteDeleteAsync(ct);

    public static Task<bool> IsOfAsync(PortalDb db, Guid userId, CancellationToken ct) => Of(db, userId).AnyAsync(ct);

    /// <summary>Whether it is one, and too old to sign in with.</summary>
    public static async Task<bool> IsOverAsync(PortalDb db, Guid userId, DateTimeOffset now, CancellationToken ct) =>
        await Of(db, userId).Select(token => token.Value).SingleOrDefaultAsync(ct) is { } made
        && now - DateTimeOffset.Parse(made, CultureInfo.InvariantCulture) > GoodFor;

    /// <summary>The marks of all who have one.</summary>
    internal static IQueryable<IdentityUserToken<Guid>> Marks(PortalDb db) =>
        db.UserTokens.AsNoTracking().Where(token => token.LoginProvider == Provider && token.Name == Name);

    private static IQueryable<IdentityUserToken<Guid>> Of(PortalDb db, Guid userId) => Marks(db).Where(token => token.UserId == userId);
}
