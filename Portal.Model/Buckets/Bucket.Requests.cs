using Portal.Model.Shared;
using static Portal.Model.Buckets.BucketState;

namespace Portal.Model.Buckets;

/// <summary>What a customer may ask of a bucket, and why not. The same rule greys the button and refuses on the server.</summary>
public sealed partial class Bucket
{
    public static readonly TimeSpan CreateLimit = TimeSpan.FromMinutes(2);

    /// <summary>For a deletion, and between two batches while it is emptied.</summary>
    public static readonly TimeSpan DeleteLimit = TimeSpan.FromMinutes(5);

    public const int MaxQuotaGiB = 1_000_000;

    /// <summary>The state in words; while a request is on its way, the state it leads through.</summary>
    public string Status => Spell(StateNow);

    public BucketState StateNow => StateFor(State, Goal);

    public static BucketState StateFor(BucketState state, BucketGoal goal) =>
        (state, goal) is (not Deleted, BucketGoal.Deleted) ? Deleting : state;

    public static string Spell(BucketState state) => state.ToString().ToLowerInvariant();

    /// <summary>Why its objects and settings cannot be reached; null if they can.</summary>
    public string? WhyNotOpen =>
        StateNow switch
        {
            Available => null,
            Creating => "It is still being made.",
            Failed => LastError ?? "It could not be made.",
            _ => $"It is {Status}.",
        };

    /// <summary>For the deletion of an empty bucket.</summary>
    public string? WhyNotDelete =>
        WhyNotEmptyAndDelete
        ?? (
            State is Available && Objects > 0
                ? $"It holds {Objects:N0} {(Objects == 1 ? "object" : "objects")}: delete them first, or choose to delete everything in it."
                : null
        );

    public string? WhyNotEmptyAndDelete =>
        (State, Goal) switch
        {
            (Deleted, _) => "It is deleted already.",
            (_, BucketGoal.Deleted) => "It is being deleted already.",
            (Creating, _) => "It is still being made.",
            _ => null,
        };

    public string? WhyNotSetQuota => WhyNotOpen;

    /// <summary>For one that was just made: it is to be there, and by when.</summary>
    public Bucket Requested(DateTimeOffset now)
    {
        (Goal, Deadline) = (BucketGoal.Available, now + CreateLimit);
        return this;
    }

    /// <param name="emptyFirst">Everything in it goes too; the caller has made sure that this is meant.</param>
    public Outcome RequestDelete(bool emptyFirst, DateTimeOffset now)
    {
        if ((emptyFirst ? WhyNotEmptyAndDelete : WhyNotDelete) is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, EmptyFirst, Removed, Deadline, LastError) = (BucketGoal.Deleted, emptyFirst, 0, now + DeleteLimit, null);
        return Outcome.Done;
    }

    /// <summary>Null for no limit of its own.</summary>
    public Outcome SetQuota(int? gib, DateTimeOffset now)
    {
        if (WhyNotSetQuota is { } reason)
        {
            return Refusal.State(reason);
        }

        if (gib is < 1 or > MaxQuotaGiB)
        {
            return Refusal.Invalid($"A quota is between 1 and {MaxQuotaGiB:N0} GiB.");
        }

        (QuotaGiB, Deadline) = (gib, now + CreateLimit);
        return Outcome.Done;
    }
}
