using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Signs a person up, whoever else has claimed the address: the answer is the same, and only the mail differs. If address and password are
/// those of somebody, it is them again (a form sent twice, a forgotten account), and they are signed in instead.
/// </summary>
public sealed class SignUp(
    PortalDb db,
    UserManager<User> users,
    NewAccount accounts,
    PasswordCheck passwords,
    PortalSignIn signIn,
    AccountMails mails,
    SignUpTurns turns,
    TimeProvider clock
)
{
    private static readonly TimeSpan Crowded = TimeSpan.FromSeconds(30);

    public async Task<SignUpAnswer> RunAsync(string email, string password, HttpContext http) =>
        await turns.RunAsync(Networks.Of(http.Connection.RemoteIpAddress), () => InTurnAsync(email, password, http), http.RequestAborted)
        ?? new SignUpAnswer(SignInResult.Failed, Crowded);

    private async Task<SignUpAnswer> InTurnAsync(string email, string password, HttpContext http)
    {
        var ct = http.RequestAborted;
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var normalized = users.NormalizeEmail(email)!;

        // One at a time per address, so that a double click makes one account.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({normalized}, 0))", ct);
        var found = await passwords.FindAsync(email, password, ct);
        if (found.IsThrottled)
        {
            return new SignUpAnswer(SignInResult.Failed, found.Wait);
        }

        if (found.User is { } known)
        {
            await transaction.CommitAsync(ct);
            return new SignUpAnswer(await signIn.BeginAsync(known), TimeSpan.Zero);
        }

        var user = await accounts.CreateAsync(email, password);
        db.Add(
            new Actor(user.AccountId, user.Id, email, http.Connection.RemoteIpAddress).Audit(clock.GetUtcNow(), "SignUp", user.AccountId)
        );
        await mails.AskToConfirmAsync(user, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return new SignUpAnswer(await signIn.BeginAsync(user), TimeSpan.Zero);
    }
}

/// <param name="SignIn">Whether a second factor is still wanted.</param>
/// <param name="Wait">How long to wait, if too much was tried with the address; else zero.</param>
public sealed record SignUpAnswer(SignInResult SignIn, TimeSpan Wait)
{
    public bool IsThrottled => Wait > TimeSpan.Zero;
}
