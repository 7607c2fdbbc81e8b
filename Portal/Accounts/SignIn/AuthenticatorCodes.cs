using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Checks the codes of authenticator apps, each of which is good once (RFC 6238 §5.2): Identity's own provider takes one as often as it is
/// sent while its time lasts, so that whoever saw it typed could use it too.
/// </summary>
internal sealed class AuthenticatorCodes(PortalDb db, TimeProvider clock) : IUserTwoFactorTokenProvider<User>
{
    public async Task<bool> CanGenerateTwoFactorTokenAsync(UserManager<User> manager, User user) =>
        await manager.GetAuthenticatorKeyAsync(user) is { Length: > 0 };

    /// <summary>The app does that.</summary>
    public Task<string> GenerateAsync(string purpose, UserManager<User> manager, User user) => Task.FromResult("");

    public async Task<bool> ValidateAsync(string purpose, string token, UserManager<User> manager, User user)
    {
        if (await manager.GetAuthenticatorKeyAsync(user) is not { Length: > 0 } key)
        {
            return false;
        }

        // The phone's clock may be a step ahead, or the code a step old when it arrives.
        var now = Totp.StepOf(clock.GetUtcNow());
        foreach (var step in (long[])[now + 1, now, now - 1])
        {
            if (string.Equals(Totp.CodeOf(key, step), token, StringComparison.Ordinal))
            {
                return await UseAsync(user, step);
            }
        }

        return false;
    }

    /// <summary>Whether this code and all later ones were unused. Of two at once one succeeds.</summary>
    private async Task<bool> UseAsync(User user, long step) =>
        await db
            .Users.Where(known => known.Id == user.Id && (known.LastCodeStep == null || known.LastCodeStep < step))
            .ExecuteUpdateAsync(set => set.SetProperty(known => known.LastCodeStep, step)) == 1;
}
