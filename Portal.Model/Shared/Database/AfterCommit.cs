using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Model.Shared;

/// <summary>
/// Is told which jobs a commit has given something to do, after it and never before. It stands where everything is saved, so that no verb
/// and no page can forget it; of what is rolled back it hears nothing.
/// </summary>
public abstract class AfterCommit(TimeProvider clock) : ISaveChangesInterceptor, IDbTransactionInterceptor
{
    private readonly ConditionalWeakTable<DbContext, Pending> contexts = [];

    /// <summary>Must neither wait nor throw: the change is made, and its owner has an answer coming.</summary>
    protected abstract void Tell(IReadOnlyList<DueJob> due);

    public ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        contexts.GetOrCreateValue(eventData.Context!).Saving = DueJob.In((PortalDb)eventData.Context!, clock.GetUtcNow());
        return ValueTask.FromResult(result);
    }

    public ValueTask<int> SavedChangesAsync(
        SaveChangesCompletedEventData eventData,
        int result,
        CancellationToken cancellationToken = default
    )
    {
        if (contexts.TryGetValue(eventData.Context!, out var pending) && pending.Saving.Count > 0)
        {
            if (eventData.Context!.Database.CurrentTransaction is { } transaction)
            {
                pending.Keep(transaction.TransactionId);
            }
            else
            {
                Tell(pending.Saving);
            }
        }

        return ValueTask.FromResult(result);
    }

    public Task TransactionCommittedAsync(
        DbTransaction transaction,
        TransactionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        if (
            eventData.Context is { } db
            && contexts.TryGetValue(db, out var pending)
            && pending.Take(eventData.TransactionId) is { Count: > 0 } due
        )
        {
            Tell(due);
        }

        return Task.CompletedTask;
    }

    /// <summary>Of one context, which serves one caller at a time.</summary>
    private sealed class Pending
    {
        private Guid transaction;
        private List<DueJob> saved = [];

        public IReadOnlyList<DueJob> Saving { get; set; } = [];

        /// <summary>What an earlier transaction saved and did not commit is forgotten.</summary>
        public void Keep(Guid current)
        {
            (transaction, saved) = (current, current == transaction ? saved : []);
            saved.AddRange(Saving);
        }

        public List<DueJob> Take(Guid committed)
        {
            var due = committed == transaction ? saved.Distinct().ToList() : [];
            (transaction, saved) = (Guid.Empty, []);
            return due;
        }
    }
}
