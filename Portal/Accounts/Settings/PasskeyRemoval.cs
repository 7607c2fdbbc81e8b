using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;

namespace Portal.Accounts;

internal static class PasskeyRemoval
{
    /// <returns>How many there were.</returns>
    public static async Task<int> RemoveAllPasskeysAsync(this UserManager<User> users, User user)
    {
        var passkeys = await users.GetPasskeysAsync(user);
        foreach (var passkey in passkeys)
        {
            await users.RemovePasskeyAsync(user, passkey.CredentialId);
        }

        return passkeys.Count;
    }
}
