using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Confirms an address: it takes the link, which proves the mailbox, and a session of the one who signed up. The link alone would let a
/// stranger's account be confirmed by whoever owns the address and opens his mail.
/// </summary>
public sealed class ConfirmEmail(PortalDb db, UserManager<User> users, AccountMails mails, TimeProvider clock)
{
    private const string Taken = "This address already belongs to another account: yours, if the mail reached you. Sign in to that one.";
    private const string Useless = "It is older than a day, was used already or belongs to another account.";

    public async Task<Outcome> RunAsync(HttpContext http, string? userId, string code)
    {
        var user = await users.GetUserAsync(http.User);
        if (user is null || user.Id.ToString() != userId || AccountMails.TokenOf(code) is not { } token)
        {
            return Refusal.NotFound(Useless);
        }

        if (user.EmailConfirmed)
        {
            return Outcome.Done;
        }

        // Before anything is said of the address: without the mail one learns nothing of it.
        if (
            !await users.VerifyUserTokenAsync(
                user,
                users.Options.Tokens.EmailConfirmationTokenProvider,
                UserManager<User>.ConfirmEmailTokenPurpose,
                token
            )
        )
        {
            return Refusal.NotFound(Useless);
        }

        if (await db.Users.AnyAsync(other => other.NormalizedEmail == user.NormalizedEmail && other.EmailConfirmed, http.RequestAborted))
        {
            return Refusal.Duplicate(Taken);
        }

        db.Add(
            CurrentActor
                .Of(http.User, http.Connection.RemoteIpAddress)
                .Audit(clock.GetUtcNow(), "ConfirmEmail", null, after: new { Email = new Personal(MailDomain.Shown(user.Email!)) })
        );
        try
        {
            return (await users.ConfirmEmailAsync(user, token)).Succeeded ? Outcome.Done : Refusal.NotFound(Useless);
        }
        catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Two confirmed it in the same moment.
            return Refusal.Duplicate(Taken);
        }
    }

    /// <summary>Sends the link again. For an address that another account has confirmed, its owner gets the other mail again.</summary>
    public async Task<IResult> ResendAsync(HttpContext http, AttemptLimits limits)
    {
        var ct = http.RequestAborted;
        if (await users.GetUserAsync(http.User) is { EmailConfirmed: false } user)
        {
            if (!await limits.TryTakeAsync(user.Email!, http.Connection.RemoteIpAddress, ct))
            {
                return Results.StatusCode(StatusCodes.Status429TooManyRequests);
            }

            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var isSent = await mails.AskToConfirmAsync(user, ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            if (!isSent)
            {
                return Results.LocalRedirect("/confirm-email?sent=none");
            }
        }

        return Results.LocalRedirect("/confirm-email");
    }
}
