using static Portal.Model.Buckets.BucketState;

namespace Portal.Model.Buckets;

/// <summary>What the worker writes down.</summary>
public sealed partial class Bucket
{
    /// <summary>There is something left to do for the worker.</summary>
    public bool IsUnsettled =>
        (State, Goal) switch
        {
            (Deleted, _) => false,
            (_, BucketGoal.Deleted) => true,
            (Creating, _) => true,
            (Available, _) => QuotaGiB != QuotaToldGiB || GrantsDue,
            _ => false,
        };

    /// <summary>It is in the store, and what is in it costs.</summary>
    public bool IsThere => StoreId is not null && State is not Deleted;

    /// <summary>For the store, which is told which very bucket is meant.</summary>
    public BucketInStore InStore() => new(UserId, Name, StoreId ?? throw new InvalidOperationException($"{Id} is not in the store."));

    /// <summary>It was found in the store: made with an access key, not with Portal.</summary>
    public Bucket Found(string storeId)
    {
        (State, StoreId, GrantsDue) = (Available, storeId, true);
        return this;
    }

    public void ObserveMade(string storeId)
    {
        (State, StoreId, LastError, Waiting) = (Available, storeId, null, null);
        Settle();
    }

    public void ObserveQuota(int? gib)
    {
        (QuotaToldGiB, Waiting) = (gib, null);
        Settle();
    }

    /// <summary>Which keys may do what in it has changed.</summary>
    public void GrantsChanged(DateTimeOffset now) => (GrantsDue, Deadline) = (true, Deadline ?? now + CreateLimit);

    public void ObserveGrants()
    {
        (GrantsDue, Waiting) = (false, null);
        Settle();
    }

    public void Measure(long bytes, long objects, DateTimeOffset now) => (Bytes, Objects, MeasuredAt) = (bytes, objects, now);

    /// <summary>A batch of its content is gone.</summary>
    public void ObserveEmptied(int removed, DateTimeOffset now)
    {
        (State, Removed, Waiting, Deadline) = (Deleting, Removed + removed, null, now + DeleteLimit);
        Objects = Math.Max(0, Objects - removed);
    }

    /// <summary>The store will not delete it while something is in it.</summary>
    public void ObserveNotEmpty()
    {
        (State, Goal, Deadline, Waiting) = (Available, BucketGoal.Available, null, null);
        LastError = "It was not deleted: it is not empty. Older versions and unfinished uploads count too.";
    }

    public void ObserveDeleted(DateTimeOffset now)
    {
        (State, Goal, DeletedAt, Deadline, Waiting, LastError) = (Deleted, BucketGoal.Deleted, DeletedAt ?? now, null, null, null);
        (Bytes, Objects, GrantsDue) = (0, 0, false);
    }

    /// <summary>The object store is away: the request waits and says so.</summary>
    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>It cannot be made. A change of one that is there keeps it as it was.</summary>
    public void Fail(string reason)
    {
        (LastError, Deadline, Waiting) = (reason, null, null);
        if (State is Creating)
        {
            State = Failed;
            return;
        }

        (Goal, QuotaGiB, GrantsDue, State) = (BucketGoal.Available, QuotaToldGiB, false, Available);
    }

    private void Settle()
    {
        if (!IsUnsettled)
        {
            Deadline = null;
        }
    }
}
