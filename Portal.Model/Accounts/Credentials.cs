using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// What opens something of an account for longer than the session in which it was made: S3 access keys, SSH keys, a guest's password or
/// key, a bucket that others may enter. Whoever has got hold of a session would keep by one what he has. So each wants it shown that the
/// owner still sits there, and he hears of it by mail. What Portal does by itself, without a session, is no matter of either.
/// </summary>
public static class Credentials
{
    /// <summary>Pages that are answered so ask for the proof and try again.</summary>
    public const string NotProven = "Confirm that it is you: this grants access that outlasts your session.";

    /// <summary>
    /// Null if <paramref name="actor"/> gave a password, a code or a passkey within the last minutes; of whom the sign-in asks for a code
    /// the password is not enough.
    /// </summary>
    public static async Task<Refusal?> WhyNotProvenAsync(this PortalDb db, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        if (actor.SessionId is not { } id)
        {
            return null;
        }

        var found = await db
            .Sessions.AsNoTracking()
            .Where(session => session.Id == id && session.UserId == actor.UserId)
            .Join(
                db.WithFactor(),
                session => session.UserId,
                known => known.User.Id,
                (session, known) =>
                    new { Session = session, WantsFactor = known.User.TwoFactorEnabled || (known.User.Role != null && known.HasFactor) }
            )
            .SingleOrDefaultAsync(ct);
        return
            found?.Session.Stands(now) is true
            && (found.WantsFactor ? found.Session.IsFactorFresh(actor, now) : found.Session.IsFresh(actor, now))
            ? null
            : Refusal.Forbidden(NotProven);
    }

    /// <summary>In the caller's transaction. An address that nobody has confirmed may be a stranger's: it hears nothing.</summary>
    /// <param name="what">What was made, with a capital letter.</param>
    /// <param name="undo">How it is taken back, with a small one.</param>
    public static async Task TellMadeAsync(
        this PortalDb db,
        Actor actor,
        string what,
        string undo,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (
            actor.SessionId is not null
            && await db
                .Users.AsNoTracking()
                .Where(user => user.Id == actor.UserId && user.EmailConfirmed)
                .Select(user => user.Email)
                .SingleOrDefaultAsync(ct)
                is { } email
        )
        {
            db.Add(
                Mail.Write(
                    actor.AccountId,
                    email,
                    $"{what} for your Portal account",
                    $"{what} for your Portal account at {now:yyyy-MM-dd HH:mm} UTC.",
                    null,
                    $"If it was you, you need not do anything. If not, {undo}, and choose a new password at once.",
                    now
                )
            );
        }
    }
}
