using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>An account as operators see it in the list.</summary>
public sealed record AccountRow(Account Account, UnpaidUse? Use)
{
    public decimal UnpaidAt(DateTimeOffset now) => Use?.AmountAt(now) ?? 0;
}

/// <param name="Others">On how many other accounts the same number is.</param>
public sealed record AccountCard(Card Card, int Others);

public sealed record AccountView(Account Account, UnpaidUse? Use, IReadOnlyList<User> People, IReadOnlyList<AccountCard> Cards);

/// <summary>
/// What operators do with customers' accounts. Each change is told twice: in the customer's audit as Portal's doing, in the operator's own
/// as his, with what he wrote about it.
/// </summary>
public sealed class CustomerAccounts(IDbContextFactory<PortalDb> dbs, TrustLadder ladder, IConfiguration configuration, TimeProvider clock)
{
    public const int Most = 100;
    public const int LongestNote = 500;

    private const string Gone = "There is no such account.";

    /// <summary>Those whose id, name or people's addresses contain <paramref name="search"/>, the newest first.</summary>
    public async Task<IReadOnlyList<AccountRow>> ListAsync(string? search, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var accounts = db.Accounts.AsNoTracking();
        if (!string.IsNullOrWhiteSpace(search))
        {
            var typed = search.Length > 256 ? search[..256] : search;
            var (pattern, kept) = (SearchPattern.Containing(typed), SearchPattern.Containing(KeptPart(typed)));
            accounts = accounts.Where(account =>
                EF.Functions.ILike(account.Id, pattern, SearchPattern.Escape)
                || EF.Functions.ILike(account.Name, pattern, SearchPattern.Escape)
                || db.Users.Any(user =>
                    user.AccountId == account.Id
                    && (
                        EF.Functions.ILike(user.Email!, pattern, SearchPattern.Escape)
                        || EF.Functions.ILike(user.Email!, kept, SearchPattern.Escape)
                    )
                )
            );
        }

        var rows = await accounts
            .OrderByDescending(account => account.CreatedAt)
            .ThenBy(account => account.Id)
            .Take(Most)
            .GroupJoin(db.UnpaidUses, account => account.Id, use => use.AccountId, (account, uses) => new { account, uses })
            .SelectMany(row => row.uses.DefaultIfEmpty(), (row, use) => new { row.account, use })
            .OrderByDescending(row => row.account.CreatedAt)
            .ThenBy(row => row.account.Id)
            .ToListAsync(ct);
        return [.. rows.Select(row => new AccountRow(row.account, row.use))];
    }

    public async Task<AccountView?> FindAsync(string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.Accounts.AsNoTracking().FirstOrDefaultAsync(account => account.Id == id, ct) is not { } account)
        {
            return null;
        }

        var cards = await db
            .Cards.AsNoTracking()
            .Where(card => card.AccountId == id && card.State == CardState.Valid)
            .OrderBy(card => card.AddedAt)
            .Select(card => new
            {
                card,
                others = db
                    .Cards.Where(other => other.Fingerprint == card.Fingerprint && other.AccountId != id && other.State == CardState.Valid)
                    .Select(other => other.AccountId)
                    .Distinct()
                    .Count(),
            })
            .ToListAsync(ct);
        return new AccountView(
            account,
            await db.UnpaidUses.AsNoTracking().FirstOrDefaultAsync(use => use.AccountId == id, ct),
            await db.Users.AsNoTracking().Where(user => user.AccountId == id).OrderBy(user => user.CreatedAt).ToListAsync(ct),
            [.. cards.Select(row => new AccountCard(row.card, row.others))]
        );
    }

    /// <param name="note">For the operators' audit; the customer does not read it.</param>
    [OperatorVerb(OperatorRole.Billing)]
    public Task<Outcome> SuspendAsync(Actor actor, string id, SuspensionReason reason, string note, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            "SuspendAccount",
            note,
            (db, account, now) =>
                reason is SuspensionReason.Unpaid
                    ? Task.FromResult<Outcome>(Refusal.Invalid("Portal suspends for what is not paid by itself; choose another reason."))
                : string.IsNullOrWhiteSpace(note) ? Task.FromResult<Outcome>(Refusal.Invalid("Write down why, for the other operators."))
                : note.Length > LongestNote ? Task.FromResult<Outcome>(Refusal.Invalid($"Say it in {LongestNote} characters."))
                : Suspension.SuspendAsync(db, account, reason, Link, now, ct),
            ct
        );

    [OperatorVerb(OperatorRole.Billing)]
    public Task<Outcome> ResumeAsync(Actor actor, string id, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            "ResumeAccount",
            null,
            async (db, account, now) =>
                await db.UnpaidUses.AsNoTracking().FirstOrDefaultAsync(use => use.AccountId == id, ct) is { } use
                && use.AmountAt(now) >= account.UnpaidLimit * TrustLadder.Stop
                    ? Refusal.Limit(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"It has used ${use.AmountAt(now):N2} that is not paid, its limit is ${account.UnpaidLimit:N2}, and it would be suspended again at once. Raise its step first."
                        )
                    )
                    : await Suspension.ResumeAsync(db, account, Link, now, ct),
            ct
        );

    /// <summary>Onto another step of the ladder, with all its numbers. What lies above them stays.</summary>
    [OperatorVerb(OperatorRole.Billing)]
    public Task<Outcome> StepAsync(Actor actor, string id, int number, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            "SetTrustStep",
            null,
            async (db, account, now) =>
            {
                if (number < 0 || number >= ladder.Steps.Count)
                {
                    return Refusal.NotFound("There is no such step.");
                }

                if (account.ClosingSince is not null)
                {
                    return Refusal.State($"This account is {account.Status}.");
                }

                if (account.TrustStep != number)
                {
                    var before = new { account.TrustStep, account.UnpaidLimit };
                    account.StepTo(number, ladder.Steps[number]);
                    db.AuditEntries.Add(
                        Actor.Portal(id).Audit(now, "SetTrustStep", id, before, new { account.TrustStep, account.UnpaidLimit })
                    );

                    // The worker looks at once: what the old limit had stopped may go on, or the new one stops it.
                    await db
                        .UnpaidUses.Where(use => use.AccountId == id)
                        .ExecuteUpdateAsync(set => set.SetProperty(use => use.DueAt, now), ct);
                }

                return Outcome.Done;
            },
            ct
        );

    private string? Link => configuration["Portal:Url"] is { Length: > 0 } origin ? $"{origin.TrimEnd('/')}/billing" : null;

    private async Task<Outcome> ChangeAsync(
        Actor actor,
        string id,
        string action,
        string? note,
        Func<PortalDb, Account, DateTimeOffset, Task<Outcome>> change,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Billing, clock.GetUtcNow(), ct) is { } refusal)
        {
            return refusal;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await db.Accounts.AnyAsync(account => account.Id == id, ct))
        {
            return Refusal.NotFound(Gone);
        }

        var (account, now) = (await db.LockAccountAsync(id, ct), clock.GetUtcNow());
        var before = AuditDetails(account);
        if (await change(db, account, now) is { IsDone: false } refused)
        {
            return refused;
        }

        var after = AuditDetails(account);
        if (after != before)
        {
            db.AuditEntries.Add(
                actor.Audit(
                    now,
                    action,
                    id,
                    before,
                    new
                    {
                        after.Status,
                        after.For,
                        after.TrustStep,
                        Note = note is null ? null : new Personal(note),
                    }
                )
            );
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return Outcome.Done;
    }

    /// <summary>An address, or the domain of one, as it is kept: <c>bücher.example</c> is <c>xn--bcher-kva.example</c> there.</summary>
    private static string KeptPart(string typed) =>
        typed.Contains('@', StringComparison.Ordinal) ? MailboxNames.Kept(typed)
        : System.Text.Ascii.IsValid(typed) ? typed
        : MailDomain.ToAscii(typed.Trim()) ?? typed;

    private static Telling AuditDetails(Account account) => new(account.Status, account.SuspendedFor?.ToString(), account.TrustStep);

    private sealed record Telling(string Status, string? For, int TrustStep);
}
