using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Closing;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Closing;

/// <summary>
/// Takes an account apart: asks for the end of what it has, looks at what is left, and when nothing is and the ledger is complete, closes
/// it. Can be run at any time, and killed anywhere: where it is stands in the resources themselves.
/// </summary>
public sealed class ClosingJob(IDbContextFactory<PortalDb> dbs, AccountRemoval removal, PriceList prices, Nudges nudges, TimeProvider clock)
    : IClosingJob
{
    /// <summary>An object store writes down what it counted a little later: half a minute, unless somebody has told it otherwise.</summary>
    public static readonly TimeSpan CountingTakes = TimeSpan.FromSeconds(30);

    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, id, ct);
        if (lease is null)
        {
            nudges.Soon(id);
            return;
        }

        if (await db.Accounts.AnyAsync(account => account.Id == id && account.ClosingSince != null && account.ClosedAt == null, ct))
        {
            var failures = await removal.RunAsync(Actor.Portal(id), ct);
            await LookAsync(db, id, ct);
            if (failures.Count > 0)
            {
                throw new AggregateException($"Some of what the account {id} has could not be asked to go.", failures);
            }
        }
    }

    private async Task LookAsync(PortalDb db, string id, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(id, ct);
        var (contents, now) = (await AccountContents.OfAsync(db, id, ct), clock.GetUtcNow());
        account.ObserveLeft(contents.Left, now);
        if (contents.Left == 0 && await IsLedgerCompleteAsync(db, id, ct))
        {
            await CloseAsync(db, account, now, ct);
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>
    /// Nothing costs any more, and what its buckets were asked up to their end has been counted. A ledger that came back from a backup is
    /// complete once an operator says so.
    /// </summary>
    private static async Task<bool> IsLedgerCompleteAsync(PortalDb db, string id, CancellationToken ct)
    {
        var uncounted = db.ObjectStoreUsers.Where(user =>
            user.AccountId == id
            && db.ObjectStores.Any(store =>
                store.Id == user.RegionId && (store.MeteredAt == null || store.MeteredAt < user.RemovedAt + CountingTakes)
            )
        );
        return !await db.UsageSpans.AnyAsync(span => span.AccountId == id && span.To == null, ct)
            && !await uncounted.AnyAsync(ct)
            && !await db.IsUnreconciledAsync(ct);
    }

    private async Task CloseAsync(PortalDb db, Account account, DateTimeOffset now, CancellationToken ct)
    {
        var bill = (await Forecast.LoadAsync(db, await prices.GetAsync(ct), account.Id, now, ct)).AtMonthEnd.Total;
        account.ObserveClosed(now);
        db.AuditEntries.Add(
            Actor.Portal(account.Id).Audit(now, "ObserveAccount", account.Id, after: new { account.Status, LastBill = bill })
        );
        if (account.ClosingContact is { } contact)
        {
            db.Mails.Add(Done(account, contact, bill, now));
        }

        await ForgetAsync(db, account.Id, ct);
        if (!await db.UsageSpans.AnyAsync(span => span.AccountId == account.Id, ct))
        {
            await RemoveCardsAsync(db, account, now, ct);
        }
    }

    /// <summary>What its owner had written for himself and for his machines is no record of anything.</summary>
    private static async Task ForgetAsync(PortalDb db, string id, CancellationToken ct)
    {
        await db
            .Instances.Where(instance => instance.AccountId == id)
            .ExecuteUpdateAsync(
                set => set.SetProperty(instance => instance.UserData, (string?)null).SetProperty(instance => instance.Notes, (string?)null),
                ct
            );
        await db.MetricSamples.Where(sample => sample.AccountId == id).ExecuteDeleteAsync(ct);
    }

    /// <summary>Whoever used nothing owes nothing. Any other card stays for the last bill.</summary>
    private static async Task RemoveCardsAsync(PortalDb db, Account account, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var card in await CardKeeping.ValidAsync(db, account.Id, ct))
        {
            await CardKeeping.RemoveAsync(db, Actor.Portal(account.Id), card, "its account is closed and owes nothing", now, ct);
        }
    }

    private static Mail Done(Account account, string contact, decimal bill, DateTimeOffset now) =>
        Mail.Write(
            account.Id,
            contact,
            "Your Portal account is closed",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Everything in your Portal account {account.Id} is removed, and nothing costs any more. Its last bill, for {now:MMMM yyyy}, comes to ${bill:N2}."
            ),
            null,
            "What was used, the bills and the record of what was done are kept for as long as the law requires; nothing that was stored is. With this address you can sign up again at any time: that is a new account, with nothing of this one.",
            now
        );
}
