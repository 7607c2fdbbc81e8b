using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Finds whom an address and a password belong to. An address may be claimed by several and confirmed by one (docs/decisions/sign-up.md):
/// the confirmed one and the newest other are tried, and two passwords are hashed whoever exists, so that the time taken tells nothing.
/// </summary>
public sealed class PasswordCheck(PortalDb db, UserManager<User> users, PortalSignIn signIn, IPasswordHasher<User> hasher)
{
    private static readonly User Stranger = new() { AccountId = "", CreatedAt = default };
    private static string? strangersHash;

    /// <summary>The person, or null for a wrong address, a wrong password and a locked account alike. A wrong password counts toward the lockout.</summary>
    public async Task<User?> FindAsync(string email, string password, CancellationToken ct)
    {
        var normalized = users.NormalizeEmail(email.Trim());
        var confirmed = await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct);
        var claimed = await db.Users.Where(user => user.NormalizedEmail == normalized && !user.EmailConfirmed)
            .OrderByDescending(user => user.CreatedAt).FirstOrDefaultAsync(ct);
        var (first, second) = (await IsRightAsync(confirmed, password), await IsRightAsync(claimed, password));
        return first ? confirmed : second ? claimed : null;
    }

    private async Task<bool> IsRightAsync(User? user, string password)
    {
        if (user is null || await users.IsLockedOutAsync(user))
        {
            strangersHash ??= hasher.HashPassword(Stranger, "whatever it is, nobody has it");
            hasher.VerifyHashedPassword(Stranger, strangersHash, password);
            return false;
        }

        return (await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true)).Succeeded;
    }
}
