using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Identity's store, but for what would be a second factor to whoever reads the database: authenticator apps' keys are sealed, recovery
/// codes are hashed and then sealed.
/// </summary>
public sealed class PortalUsers(PortalDb db, IDataProtectionProvider keys, IdentityErrorDescriber? describer = null)
    : UserOnlyStore<User, PortalDb, Guid>(db, describer)
{
    /// <summary>Of the tokens that Identity keeps for itself.</summary>
    internal const string Internal = "[AspNetUserStore]";

    internal const string AppKey = "AuthenticatorKey";

    internal const string Codes = "RecoveryCodes";

    /// <summary>Seals what was written before this did so. Runs in <c>migrate</c>.</summary>
    public static async Task SealOldAsync(PortalDb db, IDataProtectionProvider keys, CancellationToken ct)
    {
        foreach (
            var token in await db
                .UserTokens.Where(token => token.LoginProvider == Internal && (token.Name == AppKey || token.Name == Codes))
                .ToListAsync(ct)
        )
        {
            // Neither a key in base32 nor codes with semicolons begin as everything does that Data Protection has sealed.
            if (token.Value is { } value && !value.StartsWith("CfDJ8", StringComparison.Ordinal))
            {
                token.Value = Protector(keys, token.UserId)
                    .Seal(token.Name == AppKey ? value : $"{RecoveryCodes.Of(value.Split(';', StringSplitOptions.RemoveEmptyEntries))}");
            }
        }

        await db.SaveChangesAsync(ct);
    }

    public override Task SetTokenAsync(User user, string loginProvider, string name, string? value, CancellationToken cancellationToken) =>
        base.SetTokenAsync(
            user,
            loginProvider,
            name,
            value is not null && IsSecret(loginProvider, name) ? Protector(keys, user.Id).Seal(value) : value,
            cancellationToken
        );

    public override async Task<string?> GetTokenAsync(User user, string loginProvider, string name, CancellationToken cancellationToken)
    {
        var value = await base.GetTokenAsync(user, loginProvider, name, cancellationToken);
        return IsSecret(loginProvider, name) ? Protector(keys, user.Id).Open(value) : value;
    }

    public override Task ReplaceCodesAsync(User user, IEnumerable<string> recoveryCodes, CancellationToken cancellationToken) =>
        SetTokenAsync(user, Internal, Codes, $"{RecoveryCodes.Of(recoveryCodes)}", cancellationToken);

    /// <summary>
    /// Two who use the same code at the same moment both change the user's row, and Identity lets only the first of them.
    /// </summary>
    public override async Task<bool> RedeemCodeAsync(User user, string code, CancellationToken cancellationToken)
    {
        if (RecoveryCodes.Parse(await GetTokenAsync(user, Internal, Codes, cancellationToken)).Without(code) is not { } left)
        {
            return false;
        }

        await SetTokenAsync(user, Internal, Codes, $"{left}", cancellationToken);
        return true;
    }

    public override async Task<int> CountCodesAsync(User user, CancellationToken cancellationToken) =>
        RecoveryCodes.Parse(await GetTokenAsync(user, Internal, Codes, cancellationToken)).Hashes.Count;

    private static bool IsSecret(string loginProvider, string name) => loginProvider == Internal && name is (AppKey or Codes);

    /// <summary>One for each person: what is another's is no use when it is copied into one's own row.</summary>
    private static IDataProtector Protector(IDataProtectionProvider keys, Guid userId) =>
        keys.CreateProtector("Portal.Accounts.SecondFactor", userId.ToString());
}
