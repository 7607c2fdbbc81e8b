using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

/// <param name="WhyNot">Why it cannot be announced that the factor is removed; null if it can.</param>
/// <param name="Removal">That was announced and neither used nor taken back.</param>
public sealed record PersonsFactor(Guid UserId, string Email, string? WhyNot, FactorRemoval? Removal);

/// <summary>
/// The way back for a customer whose second factor is lost, or a thief's and older than the week in which its own mail takes it back: an
/// Admin announces that it can be removed. Nothing is removed by that; see <see cref="FactorRemoval"/>.
/// </summary>
public sealed class LostFactors(IDbContextFactory<PortalDb> dbs, PortalAddress address, TimeProvider clock)
{
    private const string Nobody = "There is no such person.";

    /// <summary>People of an account who sign in with an authenticator app.</summary>
    public async Task<IReadOnlyList<PersonsFactor>> ListAsync(string account, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var users = await db
            .Users.AsNoTracking()
            .Where(user => user.AccountId == account && user.TwoFactorEnabled)
            .OrderBy(user => user.CreatedAt)
            .ToListAsync(ct);
        List<PersonsFactor> all = [];
        foreach (var user in users)
        {
            all.Add(
                new PersonsFactor(
                    user.Id,
                    MailDomain.Shown(user.Email!),
                    await WhyNotAsync(db, user, now, ct),
                    await StandingAsync(db, user.Id, now, ct)
                )
            );
        }

        return all;
    }

    /// <param name="note">For the operators' audit; the customer does not read it.</param>
    [OperatorVerb(OperatorRole.Admin)]
    public async Task<Outcome> AnnounceAsync(Actor actor, string account, Guid userId, string note, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Admin, now, ct) is { } refusal)
        {
            return refusal;
        }

        if (string.IsNullOrWhiteSpace(note))
        {
            return Refusal.Invalid("Write down how you know that it is them, for the other operators.");
        }

        if (note.Length > CustomerAccounts.LongestNote)
        {
            return Refusal.Invalid($"Say it in {CustomerAccounts.LongestNote} characters.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await db.Accounts.AnyAsync(one => one.Id == account, ct))
        {
            return Refusal.NotFound(Nobody);
        }

        // Two Admins at once queue up here.
        await db.LockAccountAsync(account, ct);
        if (await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == userId && user.AccountId == account, ct) is not { } user)
        {
            return Refusal.NotFound(Nobody);
        }

        if (await WhyNotAsync(db, user, now, ct) is { } why)
        {
            return Refusal.State(why);
        }

        var secret = SignInChange.NewSecret();
        var removal = new FactorRemoval
        {
            Id = Guid.CreateVersion7(now),
            UserId = userId,
            AccountId = account,
            AskedAt = now,
            KeepKey = SignInChange.KeyOf(secret),
        };
        await db.FactorRemovals.Where(old => old.UserId == userId && old.EndedAt == null).ExecuteDeleteAsync(ct);
        db.Add(removal);
        db.Add(Notice(user, removal, $"{address.Origin}/keep-factor?code={secret}", now));
        db.Add(Actor.Portal(account).Audit(now, "AnnounceFactorRemoval", userId.ToString(), after: new { removal.From, removal.Until }));
        db.Add(
            actor.Audit(
                now,
                "AnnounceFactorRemoval",
                account,
                after: new
                {
                    removal.From,
                    removal.Until,
                    Note = new Personal(note),
                }
            )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    [OperatorVerb(OperatorRole.Admin)]
    public async Task<Outcome> WithdrawAsync(Actor actor, string account, Guid userId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Admin, now, ct) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (
            await db
                .FactorRemovals.Where(removal => removal.UserId == userId && removal.AccountId == account && removal.EndedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(removal => removal.EndedAt, now), ct) == 0
        )
        {
            return Refusal.State("Nothing is announced any more.");
        }

        db.Add(Actor.Portal(account).Audit(now, "WithdrawFactorRemoval", userId.ToString()));
        db.Add(actor.Audit(now, "WithdrawFactorRemoval", account));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Outcome.Done;
    }

    private static async Task<string?> WhyNotAsync(PortalDb db, User user, DateTimeOffset now, CancellationToken ct)
    {
        var since = now - SignInChange.UndoneWithin;
        return user switch
        {
            { IsOperator: true } => "An operator's is taken away on the machine: reset-operator-factor.",
            { TwoFactorEnabled: false } => "There is no second factor.",
            { EmailConfirmed: false } => "Nobody has confirmed the address, so nobody would hear of it.",
            _ when await StandingAsync(db, user.Id, now, ct) is not null => "It is announced already.",
            _ when await db.SignInChanges.AnyAsync(
                    change => change.UserId == user.Id && change.UndoneAt == null && change.At > since,
                    ct
                ) => "How they sign in was changed within a week. The mail that told them of it has a link that takes it back.",
            _ => null,
        };
    }

    private static Task<FactorRemoval?> StandingAsync(PortalDb db, Guid user, DateTimeOffset now, CancellationToken ct)
    {
        var asked = now - FactorRemoval.Lifetime;
        return db
            .FactorRemovals.AsNoTracking()
            .SingleOrDefaultAsync(removal => removal.UserId == user && removal.EndedAt == null && removal.AskedAt > asked, ct);
    }

    private Mail Notice(User user, FactorRemoval removal, string link, DateTimeOffset now) =>
        Mail.Write(
            user.AccountId,
            user.Email!,
            "The second factor of your Portal account can be removed soon",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Somebody, most likely you, told us that the second factor of your Portal account is lost. From {removal.From:yyyy-MM-dd HH:mm} UTC on, and until {removal.Until:yyyy-MM-dd HH:mm} UTC, choosing a new password by mail removes it: {address.Origin}/forgot-password. If you did not ask for it, or have found it again, keep it:"
            ),
            ("Keep the second factor", link),
            "Signing in with it keeps it too.",
            now
        );
}
