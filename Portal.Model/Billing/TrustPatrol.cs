using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// Reckons what an account has used and not paid for, and does what follows: tells its people at 80 % and 100 % of a limit, suspends it at
/// <see cref="TrustLadder.Stop"/>, closes its buckets when enough was downloaded, and takes both back when the limit was raised or the
/// month is over. All of one account is one transaction; run again it changes nothing.
/// </summary>
public sealed class TrustPatrol(IDbContextFactory<PortalDb> dbs, PriceList prices, TimeProvider clock)
{
    private const string BucketSkus = "bucket.";

    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(10);

    /// <summary>Counted things come in later than they began, and can be many at once.</summary>
    private static readonly TimeSpan WithBuckets = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan WhileSpending = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Otherwise = TimeSpan.FromDays(1);

    /// <summary>Before the last reckoning: what begins then may have been committed after it.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Accounts that may have passed a limit, or of which that is not known. Asks indexes only, and none of them more than once for an
    /// account.
    /// </summary>
    public async Task<IReadOnlyList<string>> DueAsync(int most, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await (
            from account in db.Accounts
            join reckoned in db.UnpaidUses on account.Id equals reckoned.AccountId into uses
            from use in uses.DefaultIfEmpty()
            where account.ClosedAt == null
            where
                use == null
                    ? db.UsageSpans.Any(span => span.AccountId == account.Id)
                    : use.DueAt <= now
                        || (
                            use.At < now - Soonest
                            && db.UsageSpans.Any(span => span.AccountId == account.Id && span.From > use.At - Overlap && span.From <= now)
                        )
            orderby use == null ? DateTimeOffset.MinValue : use.At
            select account.Id
        )
            .Take(most)
            .ToListAsync(ct);
    }

    /// <param name="link">Where Billing is, for mails; null if that is not known.</param>
    public async Task RunAsync(string accountId, string? link, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        if (await db.UnpaidUses.FirstOrDefaultAsync(use => use.AccountId == accountId, ct) is not { } use)
        {
            use = new UnpaidUse { AccountId = accountId };
            db.UnpaidUses.Add(use);
        }

        // Before the lock: it may take a while, and creates wait for that.
        await use.ReckonAsync(db, await prices.GetAsync(ct), now, ct);
        var start = Forecast.StartOfMonth(now);
        var hasBuckets = await db.UsageSpans.AnyAsync(
            span => span.AccountId == accountId && span.Sku.StartsWith(BucketSkus) && (span.To == null || span.To > start),
            ct
        );
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(accountId, ct);
        use.DueAt = Due(use, account.UnpaidLimit, hasBuckets, now);
        if (account.ClosingSince is null)
        {
            await JudgeUnpaidAsync(db, account, use, link, now, ct);
            await JudgeDownloadsAsync(db, account, use, link, now, ct);
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    private static async Task JudgeUnpaidAsync(
        PortalDb db,
        Account account,
        UnpaidUse use,
        string? link,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var (limit, stop) = (account.UnpaidLimit, account.UnpaidLimit * TrustLadder.Stop);
        if (use.Amount >= stop)
        {
            if (account.SuspendedAt is null)
            {
                await Suspension.SuspendAsync(db, account, SuspensionReason.Unpaid, link, now, ct);
            }
        }
        else if (account.SuspendedFor is SuspensionReason.Unpaid && use.Amount < limit)
        {
            await Suspension.ResumeAsync(db, account, link, now, ct);
        }

        if (account.SuspendedAt is null && await IsNewAsync(db, account.Id, LimitKind.Unpaid, use.Amount, limit, now, ct) is { } percent)
        {
            await Suspension.TellAsync(
                db,
                account,
                percent < 100 ? $"You have used {percent} % of your limit" : "Your limit is reached",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"You have used ${use.Amount:N2} that is not paid for yet, and your limit is ${limit:N2}. {(percent < 100 ? $"At ${limit:N2} nothing more can" : "Nothing more can")} be made or started; at ${stop:N2} your instances are shut down and your buckets are closed."
                ),
                link,
                "Billing shows your limits and how to go on. Nothing is ever deleted for this.",
                now,
                ct
            );
        }
    }

    private static async Task JudgeDownloadsAsync(
        PortalDb db,
        Account account,
        UnpaidUse use,
        string? link,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (account.ObserveDownloads(use.DownloadGiB, now))
        {
            db.AuditEntries.Add(
                Actor
                    .Portal(account.Id)
                    .Audit(
                        now,
                        account.DownloadsStoppedAt is null ? "OpenBuckets" : "CloseBuckets",
                        account.Id,
                        after: new { use.DownloadGiB, Limit = account.DownloadGiBLimit }
                    )
            );
        }

        if (await IsNewAsync(db, account.Id, LimitKind.Downloads, use.DownloadGiB, account.DownloadGiBLimit, now, ct) is { } percent)
        {
            await Suspension.TellAsync(
                db,
                account,
                percent < 100 ? $"{percent} % of this month's downloads are used" : "Your buckets are closed until the month is over",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{use.DownloadGiB:N1} GiB were downloaded from your buckets this month, of {account.DownloadGiBLimit:N0} GiB. {(percent < 100 ? "When all are used your buckets are closed" : "They are closed")} until the month is over (UTC) or your limit is raised."
                ),
                link,
                "Billing shows your limits and how to go on. Nothing is deleted.",
                now,
                ct
            );
        }
    }

    /// <summary>
    /// The percentage that was passed and not told of in this month and for this limit; null if there is none. Whoever passed both at once
    /// is told of the higher one.
    /// </summary>
    private static async Task<int?> IsNewAsync(
        PortalDb db,
        string accountId,
        LimitKind kind,
        decimal used,
        decimal limit,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var passed = (used >= limit * 0.8m, used >= limit) switch
        {
            (_, true) => 100,
            (true, _) => 80,
            _ => (int?)null,
        };
        var month = Forecast.StartOfMonth(now);
        if (
            passed is not { } percent
            || limit <= 0
            || await db.LimitNotices.AnyAsync(
                told =>
                    told.AccountId == accountId
                    && told.Kind == kind
                    && told.Month == month
                    && told.Limit == limit
                    && told.Percent >= percent,
                ct
            )
        )
        {
            return null;
        }

        db.LimitNotices.Add(
            new LimitNotice
            {
                AccountId = accountId,
                Kind = kind,
                Month = month,
                Limit = limit,
                Percent = percent,
            }
        );
        return percent;
    }

    /// <summary>When it can have passed the next mark at the soonest, as far as that can be foreseen.</summary>
    private static DateTimeOffset Due(UnpaidUse use, decimal limit, bool hasBuckets, DateTimeOffset now)
    {
        var due =
            now
            + (
                hasBuckets ? WithBuckets
                : use.PerHour > 0 ? WhileSpending
                : Otherwise
            );
        var nextMonth = Forecast.StartOfMonth(now).AddMonths(1);
        due = nextMonth < due ? nextMonth : due;
        decimal[] marks = [limit * 0.8m, limit, limit * TrustLadder.Stop];
        if (
            use.PerHour > 0
            && marks.Where(mark => mark > use.Amount).Select(mark => (mark - use.Amount) / use.PerHour).Append(decimal.MaxValue).Min()
                is < 24
                    and var hours
        )
        {
            var passes = now + TimeSpan.FromHours((double)hours);
            due = passes < due ? passes : due;
        }

        return due < now + Soonest ? now + Soonest : due;
    }
}
