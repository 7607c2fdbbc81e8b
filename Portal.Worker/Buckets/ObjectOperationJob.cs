using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// Deletes and moves objects, some batches at a time, and then makes place for others. Each batch is written down before its first object
/// is touched: whoever goes on after a worker that was killed looks at that batch's objects one by one.
/// </summary>
public sealed class ObjectOperationJob(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    StorePlaces places,
    Nudges nudges,
    TimeProvider clock,
    ILogger<ObjectOperationJob> log
) : ResourceJob<ObjectOperation>(dbs, nudges, clock, log), IObjectOperationJob
{
    public const int BatchesInTurn = 8;

    /// <summary>After the batch in which this is over, it is another's turn.</summary>
    public static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock = clock;
    private bool hadPlace;

    protected override async Task<ObjectOperation?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.ObjectOperations.SingleOrDefaultAsync(operation => operation.Id == id, ct) is { IsUnsettled: true } operation
            ? operation
            : null;

    protected override async Task AdvanceAsync(PortalDb db, ObjectOperation operation, CancellationToken ct)
    {
        var bucket = await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Id == operation.BucketId, ct);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == operation.AccountId, ct);
        if (ChangeObjects.WhyNot(account, bucket) is { } refusal)
        {
            operation.Fail(refusal.Sentence, Now);
            return;
        }

        if (operation is { CancelledAt: not null, Batch: null })
        {
            operation.ObserveCancelled(null, Now);
            return;
        }

        // Without a place nothing is done, and it is looked at again soon.
        using var place = places.TryTakeToChange();
        hadPlace = place is not null;
        if (hadPlace)
        {
            var user = await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.Id == bucket.UserId, ct);
            await TurnAsync(db, operation, new ObjectBatches(await stores.OpenAsync(ct), stores.KeyOf(user), bucket, operation), ct);
        }
    }

    protected override void WriteDown(ObjectOperation operation, EngineException error)
    {
        switch (error.Fault)
        {
            case EngineFault.Missing:
                operation.Fail("The bucket is not there any more.", Now);
                break;
            case EngineFault.Rejected:
                operation.Fail(error.Message, Now);
                break;
            case EngineFault.Unavailable when operation.CancelledAt is not null:
                operation.ObserveCancelled(
                    operation is { Kind: ObjectOperationKind.Move, Batch: not null }
                        ? "The object store does not answer: some objects may be in both places now."
                        : null,
                    Now
                );
                break;
            default:
                operation.Wait(WaitingFor.Store);
                break;
        }
    }

    /// <summary>Whoever had a turn stands behind the others; whoever had none looks again soon.</summary>
    protected override TimeSpan PauseOf(ObjectOperation operation) => hadPlace ? TimeSpan.Zero : Nudges.Pause;

    private async Task TurnAsync(PortalDb db, ObjectOperation operation, ObjectBatches batches, CancellationToken ct)
    {
        if (operation.StartedAt is null)
        {
            var (total, isAtLeast) = await batches.CountAsync(ct);
            operation.ObserveStarted(total, isAtLeast, Now);
        }

        var began = clock.GetTimestamp();
        for (var batch = 0; batch < BatchesInTurn && clock.GetElapsedTime(began) < Turn; batch++)
        {
            if (operation.Batch is null && operation.IsAtEnd)
            {
                operation.ObserveDone(Now);
                return;
            }

            var isCancelled = await RunBatchAsync(db, operation, batches, ct);
            if (isCancelled)
            {
                operation.ObserveCancelled(null, Now);
                return;
            }
        }
    }

    /// <summary>True if it was cancelled meanwhile.</summary>
    private async Task<bool> RunBatchAsync(PortalDb db, ObjectOperation operation, ObjectBatches batches, CancellationToken ct)
    {
        var isAgain = operation.Batch is not null;
        if (!isAgain)
        {
            operation.Take(await batches.NextAsync(ct));
            await SaveAsync(db, operation, ct);
        }

        var isCancelled = false;
        var done = await batches.RunAsync(isAgain, async () => isCancelled = await IsCancelledAsync(db, operation, ct), ct);
        operation.ObserveBatch(done.Changed, done.Problems);
        if (operation is { Batch: null, IsAtEnd: true } && !isCancelled)
        {
            // The last batch and the end are one step for whoever looks.
            operation.ObserveDone(Now);
        }

        await SaveAsync(db, operation, ct);
        return operation.IsUnsettled && (isCancelled || await IsCancelledAsync(db, operation, ct));
    }

    private static Task<bool> IsCancelledAsync(PortalDb db, ObjectOperation operation, CancellationToken ct) =>
        db.ObjectOperations.AnyAsync(one => one.Id == operation.Id && one.CancelledAt != null, ct);
}
