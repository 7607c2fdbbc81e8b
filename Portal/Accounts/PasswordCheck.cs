using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Finds whom an address and a password belong to. An address may be claimed by several and confirmed by one (docs/decisions/sign-up.md):
/// the confirmed one and the newest other are tried, and two passwords are hashed whoever exists, so that the time taken tells nothing.
/// </summary>
public sealed class PasswordCheck(
    PortalDb db,
    UserManager<User> users,
    PortalSignIn signIn,
    Guesses guesses,
    KnownDevices devices,
    SecurityEvents events,
    IPasswordHasher<User> hasher,
    IHttpContextAccessor accessor,
    TimeProvider clock
)
{
    private static readonly User Stranger = new() { AccountId = "", CreatedAt = default };
    private static string? strangersHash;

    /// <summary>The person; nobody for a wrong address and a wrong password alike; or a wait, which an unknown address has too.</summary>
    public async Task<PasswordAnswer> FindAsync(string email, string password, CancellationToken ct)
    {
        var normalized = users.NormalizeEmail(email.Trim())!;
        var confirmed = await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct);
        var claimed = await db
            .Users.Where(user => user.NormalizedEmail == normalized && !user.EmailConfirmed)
            .OrderByDescending(user => user.CreatedAt)
            .FirstOrDefaultAsync(ct);
        var known = await devices.FindAsync([.. new[] { confirmed, claimed }.OfType<User>().Select(user => user.Id)], ct);

        // Each is guarded by itself: who has claimed another's address neither comes past the guards of its owner by a browser or a
        // password of his own, nor takes them down.
        var (first, second) = (
            await BeginAsync(confirmed, known, $"{normalized} confirmed", ct),
            await BeginAsync(claimed, known, $"{normalized} claimed", ct)
        );
        var (isFirst, isSecond) = (await IsRightAsync(confirmed, first, password, ct), await IsRightAsync(claimed, second, password, ct));
        if (isFirst)
        {
            await first.RightAsync();
            await second.TakeBackAsync();
            return new PasswordAnswer(confirmed, TimeSpan.Zero);
        }

        if (isSecond)
        {
            // What this try was for the confirmed one stays counted: the password of a claim is its maker's to choose, and each would be a
            // free guess at the owner's.
            await second.RightAsync();
            return new PasswordAnswer(claimed, TimeSpan.Zero);
        }

        bool IsKnown(User? user) => user is not null && known.ContainsKey(user.Id);
        var wait =
            IsKnown(confirmed) ? first.Wait
            : IsKnown(claimed) || first.Wait < second.Wait ? second.Wait
            : first.Wait;
        await NoteAsync(wait > TimeSpan.Zero ? SecurityEvent.ThrottledSignIn : SecurityEvent.FailedSignIn, confirmed ?? claimed, ct);
        return new PasswordAnswer(null, wait);
    }

    private Task NoteAsync(SecurityEvent what, User? meant, CancellationToken ct)
    {
        var from = accessor.HttpContext?.Connection.RemoteIpAddress;
        return meant is null ? events.NoteStrangerAsync(what, from, ct) : events.NoteAsync(Actor.Stranger(meant.AccountId, from), what, ct);
    }

    private Task<Guess> BeginAsync(User? user, IReadOnlyDictionary<Guid, Guid> known, string whose, CancellationToken ct) =>
        user is not null && known.TryGetValue(user.Id, out var device)
            ? guesses.BeginAsync(GuessedAt.Password, device, ct)
            : guesses.BeginAsync(GuessedAt.Password, whose, accessor.HttpContext?.Connection.RemoteIpAddress, ct);

    private async Task<bool> IsRightAsync(User? user, Guess guess, string password, CancellationToken ct)
    {
        if (user is not null && guess.IsAllowed)
        {
            return (await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: false)).Succeeded
                && !(user.IsOperator && await FirstPassword.IsOverAsync(db, user.Id, clock.GetUtcNow(), ct));
        }

        strangersHash ??= hasher.HashPassword(Stranger, "whatever it is, nobody has it");
        hasher.VerifyHashedPassword(Stranger, strangersHash, password);
        return false;
    }
}

/// <param name="User">Who signs in; null if it was nobody's password.</param>
/// <param name="Wait">How long to wait, if it was not tried at all; else zero.</param>
public sealed record PasswordAnswer(User? User, TimeSpan Wait)
{
    public bool IsThrottled => Wait > TimeSpan.Zero;
}
