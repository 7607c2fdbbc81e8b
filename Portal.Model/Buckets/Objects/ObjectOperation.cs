using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

public enum ObjectOperationKind
{
    Delete,
    Move,
}

public enum ObjectOperationState
{
    Pending,

    /// <summary>It came to its end, whatever of it could not be done.</summary>
    Done,
    Cancelled,

    /// <summary>It ended before its end.</summary>
    Failed,
}

/// <summary>
/// A change of many objects, which the worker makes batch by batch. The web writes that it is wanted, and that it is not any more; all else
/// is the worker's. A row of its own: whoever looks at the bucket sees how far it is, and a killed worker's successor goes on there.
/// </summary>
public sealed class ObjectOperation : IAdvanced
{
    public const string Prefix = "objop";

    /// <summary>Of one account at a time.</summary>
    public const int MostAtOnce = 10;

    public const int ProblemsKept = 20;

    /// <summary>How long what came of it can be read.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string BucketId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    /// <summary>Who asked for it.</summary>
    public required Guid UserId { get; init; }

    public required ObjectOperationKind Kind { get; init; }

    /// <summary>E.g. <c>Deleting 3 objects</c>.</summary>
    [MaxLength(TitleLength)]
    public required string Title { get; init; }

    public required ObjectSelection What { get; init; }

    /// <summary>Of a move: from where to where.</summary>
    public ObjectMove? Move { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public ObjectOperationState State { get; private set; }

    /// <summary>Written by the web: nothing more of it is wanted.</summary>
    public DateTimeOffset? CancelledAt { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>How many objects are meant, as far as they were counted before it began.</summary>
    public long Total { get; private set; }

    /// <summary>There are more than <see cref="Total"/>.</summary>
    public bool IsTotalAtLeast { get; private set; }

    /// <summary>How many were deleted or moved.</summary>
    public long Changed { get; private set; }

    public long Failed { get; private set; }

    /// <summary>Some of those that were not done, and why.</summary>
    public IReadOnlyList<ObjectProblem> Problems { get; private set; } = [];

    /// <summary>What comes before this is done.</summary>
    public ObjectCursor Cursor { get; private set; } = ObjectCursor.Start;

    /// <summary>
    /// What is being changed: written before the first of it is touched, so that whoever finds it knows which of it he must look at.
    /// </summary>
    public ObjectBatch? Batch { get; private set; }

    /// <summary>Why it does not go on at the moment; a sentence for the customer.</summary>
    [MaxLength(1024)]
    public string? Waiting { get; private set; }

    /// <summary>Why it ended before its end; a sentence for the customer.</summary>
    [MaxLength(1024)]
    public string? Reason { get; private set; }

    /// <summary>The longest holds two keys and a bucket's name.</summary>
    private const int TitleLength = (2 * ObjectKey.MaxBytes) + 256;

    public static ObjectOperation Of(
        Bucket bucket,
        Guid userId,
        ObjectOperationKind kind,
        ObjectSelection what,
        ObjectMove? move,
        string title,
        DateTimeOffset now
    ) =>
        new()
        {
            Id = ResourceIds.New(Prefix),
            AccountId = bucket.AccountId,
            BucketId = bucket.Id,
            RegionId = bucket.RegionId,
            UserId = userId,
            Kind = kind,
            Title = title.Length > TitleLength ? title[..TitleLength] : title,
            What = what,
            Move = move,
            CreatedAt = now,
        };

    /// <summary>There is something left to do for its job.</summary>
    public bool IsUnsettled => State is ObjectOperationState.Pending;

    /// <summary>It is at the end of what is meant.</summary>
    public bool IsAtEnd => Cursor.Place >= What.Places;

    public string? WhyNotCancel => IsUnsettled ? null : "It has ended already.";

    public string? WhyNotDismiss => IsUnsettled ? "It is still under way: cancel it first." : null;

    public Outcome RequestCancel(DateTimeOffset now)
    {
        if (WhyNotCancel is { } reason)
        {
            return Refusal.State(reason);
        }

        CancelledAt ??= now;
        return Outcome.Done;
    }

    public void ObserveStarted(long total, bool isAtLeast, DateTimeOffset now) =>
        (StartedAt, Total, IsTotalAtLeast, Waiting) = (now, total, isAtLeast, null);

    public void Take(ObjectBatch batch) => (Batch, Waiting) = (batch, null);

    /// <summary>The batch is done with, but for what of it was not to be done.</summary>
    public void ObserveBatch(int changed, IReadOnlyCollection<ObjectProblem> problems)
    {
        (Changed, Failed, Waiting) = (Changed + changed, Failed + problems.Count, null);
        Problems = Problems.Count < ProblemsKept ? [.. Problems.Concat(problems).Take(ProblemsKept)] : Problems;
        (Cursor, Batch) = (Batch?.Next ?? Cursor, null);
    }

    /// <summary>The object store is away: it waits and says so.</summary>
    public void Wait(string sentence) => Waiting = sentence;

    public void ObserveDone(DateTimeOffset now) => End(ObjectOperationState.Done, null, now);

    /// <param name="reason">What there is to say about it; null for nothing.</param>
    public void ObserveCancelled(string? reason, DateTimeOffset now) => End(ObjectOperationState.Cancelled, reason, now);

    public void Fail(string reason, DateTimeOffset now) => End(ObjectOperationState.Failed, reason, now);

    private void End(ObjectOperationState state, string? reason, DateTimeOffset now) =>
        (State, Reason, EndedAt, Waiting, Batch) = (state, reason, now, null, null);
}

/// <summary>One that was not done.</summary>
public sealed record ObjectProblem(string Key, string Why);

/// <summary>Where in a selection: in which of its places, and after which key of it; null for its beginning.</summary>
public sealed record ObjectCursor(int Place, string? After)
{
    public static ObjectCursor Start { get; } = new(0, null);
}

/// <summary>Some objects that are changed together.</summary>
/// <param name="Problems">Of those beside them that cannot be changed.</param>
/// <param name="Next">Where the batch after this one begins.</param>
public sealed record ObjectBatch(IReadOnlyList<StoredObject> Objects, IReadOnlyList<ObjectProblem> Problems, ObjectCursor Next);
