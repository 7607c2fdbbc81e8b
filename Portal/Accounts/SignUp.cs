using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Signs a person up, whoever else has claimed the address: the answer is the same, and only the mail differs. If address and password are
/// those of somebody, it is them again (a form sent twice, a forgotten account), and they are signed in instead.
/// </summary>
public sealed class SignUp(PortalDb db, UserManager<User> users, NewAccount accounts, PasswordCheck passwords, PortalSignIn signIn, AccountMails mails, TimeProvider clock)
{
    /// <returns>Whether a second factor is still wanted.</returns>
    public async Task<SignInResult> RunAsync(string email, string password, HttpContext http)
    {
        var ct = http.RequestAborted;
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var normalized = users.NormalizeEmail(email)!;

        // One at a time per address, so that a double click makes one account.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({normalized}, 0))", ct);
        if (await passwords.FindAsync(email, password, ct) is { } known)
        {
            await transaction.CommitAsync(ct);
            return await signIn.BeginAsync(known);
        }

        var user = await accounts.CreateAsync(email, password);
        db.Add(new Actor(user.AccountId, user.Id, email, http.Connection.RemoteIpAddress).Audit(clock.GetUtcNow(), "SignUp", user.AccountId));
        await mails.AskToConfirmAsync(user, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return await signIn.BeginAsync(user);
    }
}
